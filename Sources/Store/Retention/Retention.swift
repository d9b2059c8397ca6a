import Domain
import Foundation
import GRDB

/// Up to which row the ledger has been pruned.
struct Retention {
    /// Rows up to this number are gone; 0 for none.
    let prunedThrough: Int64
    /// `hash` of that row, which the next one names.
    let hash: Data

    init(_ db: Database) throws {
        let row = try Row.fetchOne(db, sql: "SELECT pruned_through, hash FROM retention")
        let reader = row.map { ColumnReader(row: $0, label: "retention") }
        prunedThrough = try reader?.integer(0) ?? 0
        hash = try reader?.blob(1) ?? Data(count: 32)
    }

    static func advance(to seq: Int64, hash: Data, in db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO retention (id, pruned_through, hash) VALUES (1, ?, ?)",
            arguments: [seq, hash])
    }
}

extension Retention {
    /// Rows that go in one transaction, for which writes wait: a multiple of a Merkle tile's 256.
    static let step: Int64 = 1024

    /// The next rows to prune: the oldest, all of them before `cutoff`, in whole tiles, never the last
    /// row of the ledger and none that is held. Nil when there are none. Reads at most `step` rows.
    func next(before cutoff: Int64, in db: Database) throws -> ClosedRange<Int64>? {
        let held = try LegalHold.beginning(db)?.microseconds ?? .max
        let first = prunedThrough + 1
        let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
        let limit = min(prunedThrough + Self.step, last - 1)
        guard limit >= first else { return nil }
        let young = try Int64.fetchOne(
            db, sql: "SELECT min(seq) FROM audit WHERE seq BETWEEN ? AND ? AND time >= ?",
            arguments: [first, limit, min(cutoff, held)])
        let end = young.map { $0 - 1 } ?? limit
        let aligned = end - end % Tile.width
        return aligned >= first ? first...aligned : nil
    }
}
