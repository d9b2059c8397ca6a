import Documents
package import Domain

/// What became of a segment.
package struct ImportSummary: Hashable, Sendable {
    /// Identity of the ledger that the segment is from.
    package var ledger: String
    /// Rows that were missing here and are there now.
    package var rows = 0
    /// The revisions of those rows that etcd decided; nil when none was.
    package var revisions: ClosedRange<Int64>?
}

extension AuditLedger {
    /// Appends the rows that this ledger lacks, as rows of its own chain that say where they are from, and
    /// closes the holes in what it knows; `all` takes that replica's own rows, of refusals and the like,
    /// as well. A segment that was imported before adds nothing, and rows past what this ledger has
    /// followed wait until it takes them from etcd itself.
    ///
    /// All of it is one transaction. Nothing is written unless the whole segment verifies, follows the same
    /// etcd cluster, and says nothing else of a change than this ledger does. Throws `badSegment` otherwise.
    package func importSegment(
        _ path: String, all: Bool = false, now: Timestamp
    ) async throws -> ImportSummary {
        let plan = try await importPlan(path, all: all)
        return try await transaction { writer, db in
            try SegmentMerge(plan: plan, db: db).carryOut(with: &writer, now: now)
        }
    }
}

extension ImportSummary {
    mutating func count(_ row: ForeignRow) {
        rows += 1
        guard let revision = row.record.revision else { return }
        let (first, last) = (revisions?.lowerBound, revisions?.upperBound)
        revisions = min(first ?? revision, revision)...max(last ?? revision, revision)
    }

    /// What the ledger says of the import.
    func row(_ now: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["ledger"] = .string(ledger)
        detail["rows"] = .number(JSONNumber(Int64(rows)))
        detail["fromRevision"] = (revisions?.lowerBound).map { .number(JSONNumber($0)) }
        detail["toRevision"] = (revisions?.upperBound).map { .number(JSONNumber($0)) }
        return .aboutLedger(.observe, "imported", .object(detail), at: now)
    }
}

extension AuditRecord.Draft {
    /// A row about the ledger itself, of this program's own doing.
    static func aboutLedger(
        _ verb: AuditRecord.Verb, _ name: String, _ detail: JSONValue, at time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: verb, kind: "Ledger",
            name: name)
        row.detail = String(decoding: JSONSerializer.canonical(detail), as: UTF8.self)
        return row
    }
}
