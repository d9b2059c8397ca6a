/// A page of rows of the ledger.
package struct AuditPage: Hashable, Sendable {
    package var records: [AuditRecord]
    /// The position at which the next page begins; nil if this page is the last one.
    package var next: AuditCursor?
    /// The number of rows that the search looked at.
    package var scanned: Int
    /// True if the search used up its budget before the page was full. The search can be continued from `next`.
    package var isPartial: Bool

    package init(
        records: [AuditRecord], next: AuditCursor?, scanned: Int = 0, isPartial: Bool = false
    ) {
        self.records = records
        self.next = next
        self.scanned = scanned
        self.isPartial = isPartial
    }
}

/// The property by which rows are grouped and counted.
package enum AuditGrouping: String, CaseIterable, Sendable {
    case actor, kind, name, region, verb
    /// The day in UTC.
    case day
    case outcome, origin

    /// Returns the value of the property in `record`; nil if the row has no value, for example no region.
    package func key(_ record: AuditRecord) -> String? {
        switch self {
        case .actor: record.actor
        case .kind: record.kind
        case .name: record.name
        case .region: record.region
        case .verb: record.verb.rawValue
        case .day: String(record.time.rfc3339.prefix(10))
        case .outcome: record.outcome.rawValue
        case .origin: record.origin.rawValue
        }
    }
}

/// The number of rows of each group.
package struct AuditGroups: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        package var key: String?
        package var count: Int

        package init(key: String?, count: Int) {
            self.key = key
            self.count = count
        }
    }

    /// The groups, largest first. Groups of equal size are ordered by key.
    package var groups: [Group]
    /// The number of rows that were looked at.
    package var scanned: Int
    /// The position where counting continues; nil if every row has been counted.
    package var next: AuditCursor?

    package init(counts: [String?: Int], scanned: Int, next: AuditCursor?) {
        groups = counts.map { Group(key: $0.key, count: $0.value) }.sorted {
            $0.count != $1.count ? $0.count > $1.count : ($0.key ?? "") < ($1.key ?? "")
        }
        self.scanned = scanned
        self.next = next
    }
}

/// A position between two rows. A page begins after the row that the cursor names.
///
/// Rows are ordered by time, and rows with equal times by number. The time of a row is the time of its change. So a row
/// about another server's change is listed at the time of the change, even if the row is written late. The results of a
/// search for words are ordered by number alone.
package struct AuditCursor: Hashable, Sendable {
    /// The time of the row; nil if rows are ordered by number.
    package let time: Timestamp?
    package let seq: Int64

    package init(time: Timestamp, seq: Int64) {
        self.time = time
        self.seq = seq
    }

    /// Creates a position among rows that are ordered by number.
    package init(seq: Int64) {
        time = nil
        self.seq = seq
    }

    package init(_ record: AuditRecord) { self.init(time: record.time, seq: record.seq) }
}

extension AuditCursor: LosslessStringConvertible {
    /// Reads `<microseconds>.<seq>`, or `s<seq>` for rows that are ordered by number. The numbers are decimal. Row
    /// numbers begin at 1, so a `seq` of 0 is the position before the first row. Returns nil for any other text.
    package init?(_ description: String) {
        if description.hasPrefix("s") {
            guard let seq = Int64(description.dropFirst()), seq >= 0 else { return nil }
            self.init(seq: seq)
            return
        }
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let seq = Int64(parts[1]),
            seq >= 0
        else { return nil }
        self.init(time: Timestamp(microseconds: time), seq: seq)
    }

    package var description: String { time.map { "\($0.microseconds).\(seq)" } ?? "s\(seq)" }
}

/// The order of rows.
package enum AuditOrder: String, CaseIterable, Sendable {
    case ascending = "asc"
    case descending = "desc"
}
