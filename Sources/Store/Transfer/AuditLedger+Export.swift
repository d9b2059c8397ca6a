package import Domain

extension AuditLedger {
    /// What a segment of rows `from` to `to` says of itself; all rows when nil. Throws `badSegment` when
    /// the ledger does not have them all.
    package func segmentHeader(
        from: Int64? = nil, to: Int64? = nil, now: Timestamp, version: String
    ) async throws -> SegmentHeader {
        try await reading { db in
            try SegmentHeader.make(db, from: from, to: to, now: now, version: version)
        }
    }

    /// Up to a page of rows after number `seq` up to `last`.
    package func segmentRows(after seq: Int64, through last: Int64) async throws -> [AuditRecord] {
        try await reading { try LedgerPages.rows($0, after: seq, through: last) }
    }

    /// About `limit` rows that etcd decided, of the revisions after `place`; see `LedgerPages.changes`.
    package func changes(
        after place: HistoryPlace, limit: Int = LedgerPages.size
    ) async throws -> [AuditRecord] {
        try await reading { try LedgerPages.changes($0, after: place, limit: limit) }
    }
}
