import Domain

/// Rows of two regions, of many kinds. The rows that touch `west` have names, actors, networks and ids that no other row
/// has.
enum LeakRows {
    static let all: [AuditRecord.Draft] = {
        var rows: [AuditRecord.Draft] = []
        for region in ["east", "west"] {
            rows.append(row("Region", region))
            rows.append(subnet(region))
            rows.append(policy(region))
            rows.append(refused("Subnet", "\(region)-web", region, author: region))
            rows.append(dryRun(region))
            rows.append(outside(region))
        }
        rows.append(crossRegion("allow-east-west", "east", "west"))
        rows.append(crossRegion("allow-west-east", "west", "east"))
        // A refusal of an author with all regions names objects of all regions.
        rows.append(refused("Subnet", "east-db", "east", author: nil))
        rows.append(manifest())
        for kind in [
            "LegalHold", "AuditLog", "Ledger", "Authentication", "Stream", "Request", "Tier",
        ] {
            rows.append(row(kind, "west-\(kind)", author: "west"))
        }
        // Every second, a new row: the rows of both regions alternate.
        for index in rows.indices {
            rows[index].time = Timestamp(microseconds: Int64(index + 1) * 1_000_000)
        }
        return rows
    }()

    static let visible = all.filter(isVisible)

    /// Returns true if the row touches `east` alone.
    static func isVisible(_ row: AuditRecord.Draft) -> Bool { row.reason == "reason of east" }

    private static func row(
        _ kind: String, _ name: String, _ region: String? = nil, author: String? = nil
    ) -> AuditRecord.Draft {
        let side = author ?? region ?? name
        let isEast = side == "east"
        var row = AuditRecord.Draft(
            time: Timestamp(microseconds: 0), origin: .api, actor: isEast ? "erin" : "wanda",
            verb: .create, kind: kind, name: name, region: region)
        row.reason = "reason of \(side)"
        row.ticket = isEast ? "CHG-1" : "CHG-99"
        row.changeID = isEast ? "01J8ZQ4Y6M0000000000000000" : "01J8ZQ4Y6M9999999999999999"
        row.requestID = "request-\(side)"
        row.userAgent = "agent-\(side)"
        row.key = "/calico/\(side)/\(name)"
        row.revision = isEast ? 5 : 6
        row.epoch = 1
        row.status = 201
        row.after = #"{"spec":{"name":"\#(side)"}}"#
        return row
    }

    private static func subnet(_ region: String) -> AuditRecord.Draft {
        var row = row("Subnet", "\(region)-web", region)
        row.cidrs = region == "east" ? #"["10.1.0.0/24"]"# : #"["10.99.0.0/24"]"#
        row.verb = .update
        row.before = row.after
        row.after = #"{"spec":{"name":"\#(region)","nets":1}}"#
        return row
    }

    private static func policy(_ region: String) -> AuditRecord.Draft {
        var row = row("NetworkPolicy", "\(region)-policy", region)
        row.after = #"{"touches":["\#(region)"]}"#
        row.warnings = #"[{"message":"in \#(region)","pointer":"/spec","rule":"lint.x"}]"#
        return row
    }

    private static func crossRegion(
        _ name: String, _ from: String, _ to: String
    ) -> AuditRecord.Draft {
        var row = row("CrossRegionPolicy", name, author: "west")
        row.after = #"{"touches":["\#(from)","\#(to)"]}"#
        return row
    }

    private static func refused(
        _ kind: String, _ name: String, _ region: String, author: String?
    ) -> AuditRecord.Draft {
        var row = row(kind, name, region, author: author ?? "west")
        (row.outcome, row.status, row.problem) = (.refused, 409, "overlap")
        let scope = author.map { #","scope":{"regions":["\#($0)"]}"# } ?? ""
        row.detail = #"{"detail":"overlaps in \#(author ?? "west")"\#(scope)}"#
        (row.before, row.after, row.revision) = (nil, nil, nil)
        return row
    }

    private static func dryRun(_ region: String) -> AuditRecord.Draft {
        var row = refused("Region", region, region, author: region)
        (row.isDryRun, row.region) = (true, nil)
        return row
    }

    private static func outside(_ region: String) -> AuditRecord.Draft {
        var row = row("Subnet", "\(region)-outside", region)
        (row.origin, row.actor, row.isAfterGap) = (.external, "unknown", true)
        if region == "west" { row.name = "west-unknown" }
        return row
    }

    /// A row of `east` in a manifest whose warnings name objects of both regions.
    private static func manifest() -> AuditRecord.Draft {
        var row = row("Region", "east", author: "west")
        row.warnings = #"[{"message":"in west","pointer":"/1/spec","rule":"lint.x"}]"#
        return row
    }
}
