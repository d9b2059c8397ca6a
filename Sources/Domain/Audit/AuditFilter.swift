/// Which rows of the ledger to show; a nil member does not restrict.
package struct AuditFilter: Hashable, Sendable {
    package var kind: String?
    package var name: String?
    package var region: String?
    package var actor: String?
    package var origin: AuditRecord.Origin?
    package var verb: AuditRecord.Verb?
    package var outcome: AuditRecord.Outcome?
    /// The change id.
    package var change: String?
    /// Rows at this time or later.
    package var since: Timestamp?
    /// Rows before this time.
    package var until: Timestamp?

    package init(
        kind: String? = nil, name: String? = nil, region: String? = nil, actor: String? = nil,
        origin: AuditRecord.Origin? = nil, verb: AuditRecord.Verb? = nil,
        outcome: AuditRecord.Outcome? = nil, change: String? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.kind = kind
        self.name = name
        self.region = region
        self.actor = actor
        self.origin = origin
        self.verb = verb
        self.outcome = outcome
        self.change = change
        self.since = since
        self.until = until
    }
}

/// A place between two rows in time order; a page goes on from the row it names.
///
/// Rows are ordered by time and, where times are equal, by number: the time of a change made
/// elsewhere is its own, so a row written late still stands where it belongs.
package struct AuditCursor: Hashable, Sendable {
    package let time: Timestamp
    package let seq: Int64

    package init(time: Timestamp, seq: Int64) {
        self.time = time
        self.seq = seq
    }

    package init(_ record: AuditRecord) { self.init(time: record.time, seq: record.seq) }
}

extension AuditCursor: LosslessStringConvertible {
    /// `<microseconds>.<seq>`, both decimal.
    package init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let seq = Int64(parts[1]) else {
            return nil
        }
        self.init(time: Timestamp(microseconds: time), seq: seq)
    }

    package var description: String { "\(time.microseconds).\(seq)" }
}

/// One page of the ledger, newest first.
package struct AuditPage: Hashable, Sendable {
    package var records: [AuditRecord]
    /// Where the next page goes on; nil when this is the last.
    package var next: AuditCursor?

    package init(records: [AuditRecord], next: AuditCursor?) {
        self.records = records
        self.next = next
    }
}
