import Documents
package import Domain

/// A row of the ledger as a line of a segment: the members of its canonical form, and `hash`.
package enum SegmentRow {
    /// The line, without line feed.
    package static func line(_ record: AuditRecord) -> [UInt8] {
        var line = record.canonicalForm
        line.removeLast()
        line += Array(#","hash":"\#(record.hash)"}"#.utf8)
        return line
    }

    /// The row that `line` holds; nil for anything but what `line(_:)` writes of a row whose hash is
    /// that of its content.
    package static func record(_ line: [UInt8]) -> AuditRecord? {
        guard let members = (try? JSONParser.parse(line))?.objectValue,
            let record = RowReader(members).record,
            record.hash == .ofCanonicalForm(record.canonicalForm)
        else { return nil }
        return record
    }
}

/// Takes the members of a line apart. A member that no row has, or of another type, makes it no row.
private struct RowReader {
    private let members: JSONObject
    private let isWhole: Bool

    init(_ members: JSONObject) {
        self.members = members
        isWhole = members.allSatisfy { Self.known.contains($0.key) }
    }

    var record: AuditRecord? {
        guard isWhole, let seq = integer("seq"), let entry,
            let previous = text("prev_hash").flatMap(AuditHash.init(hex:)),
            let hash = text("hash").flatMap(AuditHash.init(hex:))
        else { return nil }
        return AuditRecord(seq: seq, entry: entry, previousHash: previous, hash: hash)
    }

    private var entry: AuditRecord.Draft? {
        guard let time = integer("time"),
            let origin = text("origin").flatMap(AuditRecord.Origin.init),
            let actor = text("actor"),
            let verb = text("verb").flatMap(AuditRecord.Verb.init),
            let kind = text("kind"), let name = text("name"),
            let outcome = text("outcome").flatMap(AuditRecord.Outcome.init),
            let gap = integer("gap"), gap == 0 || gap == 1
        else { return nil }
        var entry = AuditRecord.Draft(
            time: Timestamp(microseconds: time), origin: origin, actor: actor, verb: verb,
            kind: kind, name: name, outcome: outcome)
        entry.isAfterGap = gap == 1
        return readOptional(into: &entry) ? entry : nil
    }

    /// False when a member has the wrong type.
    private func readOptional(into entry: inout AuditRecord.Draft) -> Bool {
        for (column, path) in Self.texts where members[column] != nil {
            guard let text = text(column) else { return false }
            entry[keyPath: path] = text
        }
        for (column, path) in Self.integers where members[column] != nil {
            guard let number = integer(column) else { return false }
            entry[keyPath: path] = number
        }
        if members["status"] != nil {
            guard let status = integer("status").flatMap(Int.init(exactly:)) else { return false }
            entry.status = status
        }
        if members["dry_run"] != nil {
            guard integer("dry_run") == 1 else { return false }
            entry.isDryRun = true
        }
        return true
    }

    private func text(_ column: String) -> String? { members[column]?.stringValue }
    private func integer(_ column: String) -> Int64? { members[column]?.integer }

    private static let required = [
        "actor", "gap", "hash", "kind", "name", "origin", "outcome", "prev_hash", "seq", "time",
        "verb",
    ]
    private static let known = Set(
        required + texts.map(\.column) + integers.map(\.column) + ["status", "dry_run"])

    private typealias Text = any WritableKeyPath<AuditRecord.Draft, String?> & Sendable
    private static let texts: [(column: String, path: Text)] = [
        ("after", \.after), ("authentication", \.authentication), ("before", \.before),
        ("change_id", \.changeID), ("cidrs", \.cidrs), ("client_address", \.clientAddress),
        ("cluster_id", \.clusterID), ("detail", \.detail),
        ("idempotency_key", \.idempotencyKeyHash), ("key", \.key), ("problem", \.problem),
        ("reason", \.reason), ("region", \.region), ("request_id", \.requestID),
        ("roles", \.roles), ("source_hash", \.sourceHash), ("source_ledger", \.sourceLedger),
        ("ticket", \.ticket), ("trace_parent", \.traceParent), ("user_agent", \.userAgent),
        ("warnings", \.warnings),
    ]

    private typealias Integer = any WritableKeyPath<AuditRecord.Draft, Int64?> & Sendable
    private static let integers: [(column: String, path: Integer)] = [
        ("epoch", \.epoch), ("revision", \.revision), ("source_seq", \.sourceSeq),
    ]
}
