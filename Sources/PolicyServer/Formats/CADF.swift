package import Documents
package import Domain

/// The vocabulary of the Cloud Auditing Data Federation (DMTF DSP0262).
package enum CADF {
    static let event = "http://schemas.dmtf.org/cloud/audit/1.0/event"
    static let log = "http://schemas.dmtf.org/cloud/audit/1.0/log"
    /// The URL of the list from which the codes in `reasonCode` are taken.
    static let httpStatus =
        "http://www.iana.org/assignments/http-status-codes/http-status-codes.xml"
    static let observer: JSONValue = [
        "id": "policy-server", "typeURI": "service/network/policy", "name": "policy-server",
    ]

    /// A column of the ledger, and the member of a row's document that shows the column.
    package typealias Part = (column: AuditColumn, member: AuditColumn.Member)

    /// The columns that events show as tags, in their order in the event.
    package static let tags = parts { if case .tag(let position) = $0 { position } else { nil } }

    /// The columns that events show as attachments, in their order in the event.
    package static let attachments = parts {
        if case .attachment(let position) = $0 { position } else { nil }
    }

    private static func parts(_ position: (AuditColumn.EventPlace) -> Int?) -> [Part] {
        AuditColumn.all.compactMap { column -> (Int, Part)? in
            guard let member = column.member, let position = column.event.flatMap(position) else {
                return nil
            }
            return (position, (column, member))
        }
        .sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Returns the type of objects of `kind` in CADF's taxonomy of resources.
    static func resource(_ kind: String) -> String {
        switch kind {
        case "Region": "network/region"
        case "Subnet": "network/subnet"
        case "AuditLog", "Ledger": "data/audit"
        default: kind.hasSuffix("Policy") ? "network/policy" : "network/\(kind.lowercased())"
        }
    }
}

extension AuditRecord {
    /// The row as a CADF event.
    package var cadfEvent: JSONValue {
        var event = JSONObject()
        event["typeURI"] = .string(CADF.event)
        // The id is made from the hash of the row. The row number would not be unique across ledgers.
        event["id"] = .string("policy-server:\(hash)")
        event["eventType"] = .string(eventType)
        event["eventTime"] = .string(entry.time.rfc3339)
        event["action"] = .string(entry.verb == .observe ? "monitor" : entry.verb.rawValue)
        event["outcome"] = .string(entry.outcome == .accepted ? "success" : "failure")
        event["initiator"] = initiator
        event["target"] = target
        event["observer"] = CADF.observer
        event["reason"] = reasonOfOutcome
        let (attachments, tags) = (attachments, tags)
        if !attachments.isEmpty { event["attachments"] = .array(attachments) }
        if !tags.isEmpty { event["tags"] = .array(tags.map(JSONValue.string)) }
        return .object(event)
    }

    /// The type of the CADF event: `control` for a refused request, and `activity` for any other row. A change that the
    /// server only observed is not a `monitor` event, because a `monitor` event must contain measurements.
    private var eventType: String { entry.outcome == .refused ? "control" : "activity" }

    private var initiator: JSONValue {
        var initiator = JSONObject()
        initiator["id"] = .string("policy-server:actor/\(URIText.encoded(entry.actor))")
        initiator["typeURI"] =
            entry.origin == .system
            ? "service/network/policy"
            : entry.origin == .external ? "unknown" : "service/security/account/user"
        initiator["name"] = .string(entry.actor)
        var host = JSONObject()
        host["address"] = entry.clientAddress.map(JSONValue.string)
        host["agent"] = entry.userAgent.map(JSONValue.string)
        if !host.isEmpty { initiator["host"] = .object(host) }
        if let authentication = entry.authentication {
            // DSP0262 requires the member `token` in a credential. The server never stores tokens of clients, so the
            // event contains a placeholder.
            initiator["credential"] = ["type": .string(authentication), "token": "***"]
        }
        if let roles = entry.roles {
            initiator["attachments"] = [Self.attachment("roles", "application/json", roles)]
        }
        return .object(initiator)
    }

    private var target: JSONValue {
        var target = JSONObject()
        target["id"] = .string(
            entry.key
                ?? "policy-server:"
                + [entry.kind, entry.region, entry.name].compactMap(\.self)
                .map(URIText.encoded).joined(separator: "/"))
        target["typeURI"] = .string(CADF.resource(entry.kind))
        target["name"] = .string(entry.name)
        return .object(target)
    }

    private var reasonOfOutcome: JSONValue? {
        guard entry.status != nil || entry.problem != nil else { return nil }
        var reason = JSONObject()
        if let status = entry.status {
            reason["reasonType"] = .string(CADF.httpStatus)
            reason["reasonCode"] = .string(String(status))
        }
        if let problem = entry.problem {
            reason["policyType"] = "/problems"
            reason["policyId"] = .string("/problems/\(problem)")
        }
        return .object(reason)
    }

    private var attachments: [JSONValue] {
        CADF.attachments.compactMap { column, member in
            guard case .text(let text) = column.value(of: self) else { return nil }
            return Self.attachment(member.name, member.contentType, text)
        }
    }

    private static func attachment(_ name: String, _ type: String, _ content: String) -> JSONValue {
        ["name": .string(name), "contentType": .string(type), "content": .string(content)]
    }

    private var tags: [String] {
        CADF.tags.compactMap { column, member in
            let text: String? =
                switch column.value(of: self) {
                case .text(let text): text
                case .integer(let number): String(number)
                case .null, .hash: nil
                }
            return text.map { "//policy-server/\(member.name)?value=\(URIText.encoded($0))" }
        }
    }
}
