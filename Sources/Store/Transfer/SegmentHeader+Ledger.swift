import Domain
import Foundation
import GRDB

extension SegmentHeader {
    /// Of the rows `from` to `to` of the ledger in `db`; the first and the last that there are when nil.
    ///
    /// Throws `badSegment` when the ledger does not have that range whole.
    static func make(
        _ db: Database, from: Int64?, to: Int64?, now: Timestamp, version: String
    ) throws -> SegmentHeader {
        let first = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit")
        let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
        let range = (from ?? first ?? 1, to ?? last)
        guard range.0 >= first ?? 1, range.1 <= last, range.1 >= range.0 - 1 else {
            let held = first.map { "\($0) to \(last)" } ?? "none"
            throw StoreError(
                code: .badSegment,
                message: "rows from \(range.0)\(to.map { " to \($0)" } ?? "") are asked for, "
                    + "the ledger has \(held)"
                    + ((first ?? 1) > 1 ? "; older ones are in its segments." : "."))
        }
        let progress = try LedgerWriter.progress(db)
        return SegmentHeader(
            ledger: try LedgerName.of(db), clusterID: progress?.clusterID,
            epoch: try LedgerName.epoch(db),
            coverage: try coverage(db, from: range.0, to: range.1, isWhole: (first ?? 1, last)),
            firstSeq: range.0, lastSeq: range.1,
            previousHash: try previousHash(db, before: range.0), exportedAt: now, version: version)
    }

    private static func previousHash(_ db: Database, before seq: Int64) throws -> AuditHash {
        let bytes = try Data.fetchOne(
            db, sql: "SELECT prev_hash FROM audit WHERE seq = ?", arguments: [seq])
        if let hash = bytes.flatMap(AuditHash.init) { return hash }
        return try Data.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")
            .flatMap(AuditHash.init) ?? .zero
    }

    /// What rows `from` to `to` know without a hole: the ledger's ranges, cut where the rows end.
    ///
    /// None when imported rows, which stand apart from their revision's neighbours, are left out.
    private static func coverage(
        _ db: Database, from: Int64, to: Int64, isWhole ends: (first: Int64, last: Int64)
    ) throws -> [Coverage] {
        guard try db.tableExists("coverage") else { return [] }
        let ranges = try Coverage.all(db)
        if (from, to) == (ends.first, ends.last) { return ranges }
        let isApart = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM audit WHERE source_ledger IS NOT NULL
                    AND (seq < ? OR seq > ?))
                """, arguments: [from, to])
        guard isApart == false else { return [] }
        let lower = from == ends.first ? .start : try place(db, "seq < ? ORDER BY seq DESC", from)
        var upper = to == ends.last ? nil : try place(db, "seq > ? ORDER BY seq", to)
        upper?.revision -= 1
        return ranges.compactMap { $0.cut(after: lower ?? .start, through: upper) }
    }

    /// Of the nearest row of etcd's history that meets the condition.
    private static func place(
        _ db: Database, _ condition: String, _ seq: Int64
    ) throws -> HistoryPlace? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT epoch, revision FROM audit WHERE epoch IS NOT NULL AND revision IS NOT NULL
                AND \(condition) LIMIT 1
                """, arguments: [seq])
        return try row.map { row in
            let reader = ColumnReader(row: row, label: "audit")
            return HistoryPlace(epoch: try reader.integer(0), revision: try reader.integer(1))
        }
    }
}

extension Coverage {
    /// The part of the range after `lower` and up to `upper`; nil when nothing is left.
    fileprivate func cut(after lower: HistoryPlace, through upper: HistoryPlace?) -> Coverage? {
        var range = self
        if lower.epoch > epoch { return nil }
        if lower.epoch == epoch { range.first = max(first, lower.revision) }
        if let upper {
            if upper.epoch < epoch { return nil }
            if upper.epoch == epoch { range.last = min(last, upper.revision) }
        }
        return range.first < range.last ? range : nil
    }
}
