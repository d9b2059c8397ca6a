/// One page of the ledger.
package struct AuditPage: Hashable, Sendable {
    package var records: [AuditRecord]
    /// Where the next page goes on; nil when this is the last.
    package var next: AuditCursor?
    /// How many rows were looked at.
    package var scanned: Int
    /// True when the search stopped before the page was full: it goes on at `next`.
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

/// By what rows are counted.
package enum AuditGrouping: String, CaseIterable, Sendable {
    case actor, kind, name, region, verb
    /// The day in UTC.
    case day
    case outcome, origin

    /// The group of a row; nil when it has none, such as a region.
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

/// How many rows there are of each group.
package struct AuditGroups: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        package var key: String?
        package var count: Int

        package init(key: String?, count: Int) {
            self.key = key
            self.count = count
        }
    }

    /// The largest first; equal ones by key.
    package var groups: [Group]
    /// How many rows were looked at.
    package var scanned: Int
    /// Where counting goes on; nil when every row has been counted.
    package var next: AuditCursor?

    package init(counts: [String?: Int], scanned: Int, next: AuditCursor?) {
        groups = counts.map { Group(key: $0.key, count: $0.value) }.sorted {
            $0.count != $1.count ? $0.count > $1.count : ($0.key ?? "") < ($1.key ?? "")
        }
        self.scanned = scanned
        self.next = next
    }
}
