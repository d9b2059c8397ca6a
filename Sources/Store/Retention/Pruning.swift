import Domain
import Foundation
package import GRDB

/// Removes rows from the ledger, and the entries of other tables that were derived from these rows. The rows must
/// be in a sealed segment. Stores the state after the removed rows in table `baseline`. Must run in one
/// transaction.
struct Pruning {
    let rows: ClosedRange<Int64>
    let db: Database

    /// The part of a row that `survey` keeps in memory. A whole row is too large, because it may have megabytes.
    private struct Trace {
        var seq: Int64
        var position: HistoryPosition
        var isDeletion: Bool
    }

    func carryOut() throws {
        // Copies the hashes before the last statement of this function deletes the rows.
        try Sealing.seal(Tile.of(row: rows.lowerBound)..<Tile.of(row: rows.upperBound) + 1, in: db)
        let (traces, newest) = try survey()
        for (key, trace) in traces { try updateBaseline(key, trace) }
        if let newest {
            try pruneMoments(through: newest)
            try pruneCoverage(through: newest)
        }
        let range: StatementArguments = [rows.lowerBound, rows.upperBound]
        let hash = try Data.fetchOne(
            db, sql: "SELECT hash FROM audit WHERE seq = ?", arguments: [rows.upperBound])
        try TouchedRegions.remove(rows, in: db)
        // Sets the number in table `retention` before the deletion, because a trigger refuses to delete rows with
        // higher numbers.
        try Retention.advance(to: rows.upperBound, hash: hash ?? Data(), in: db)
        try db.execute(sql: "DELETE FROM audit WHERE seq BETWEEN ? AND ?", arguments: range)
    }

    /// Returns the last row of each key, and the newest position of all rows. Also removes the rows' networks and
    /// words.
    private func survey() throws -> ([String: Trace], HistoryPosition?) {
        var traces: [String: Trace] = [:]
        var newest: HistoryPosition?
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT \(AuditRow.columns) FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq",
            arguments: [rows.lowerBound, rows.upperBound])
        while let record = try cursor.next().map(AuditRow.record) {
            try TouchedNetworks.remove(record, in: db)
            try TextIndex.remove(record, in: db)
            guard let position = record.position else { continue }
            newest = max(newest ?? position, position)
            let isDeletion = record.verb == .delete
            // Skips a row that shows no state of its key: it is not a deletion and has no object. The server may write
            // such a row after a gap in etcd's history. A later row about the same gap has the object.
            guard let key = record.key, isDeletion || record.after != nil,
                traces[key].map({ $0.position <= position }) ?? true
            else { continue }
            traces[key] = Trace(seq: record.seq, position: position, isDeletion: isDeletion)
        }
        return (traces, newest)
    }

    private func updateBaseline(_ key: String, _ trace: Trace) throws {
        if trace.isDeletion {
            try db.execute(
                sql: "DELETE FROM baseline WHERE key = ? AND (epoch, revision) <= (?, ?)",
                arguments: [key, trace.position.epoch, trace.position.revision])
            // Records the deletion if imported rows from before the deletion remain in the ledger, because these
            // rows would show that the object still exists.
            let older = try HistoricalObject.hasRow(key, before: trace.position, outside: rows, db)
            if older { try RetainedVersion.put(nil, key, at: trace.position, in: db) }
        } else {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO baseline (key, epoch, revision, kind, name, region, value)
                    SELECT key, epoch, revision, kind, name, region, after FROM audit WHERE seq = ?
                    ON CONFLICT (key) DO UPDATE SET
                        epoch = excluded.epoch, revision = excluded.revision, kind = excluded.kind,
                        name = excluded.name, region = excluded.region, value = excluded.value
                    WHERE (excluded.epoch, excluded.revision)
                        >= (baseline.epoch, baseline.revision)
                    """)
            try statement.execute(arguments: [trace.seq])
        }
    }

    /// Deletes the moments up to `position`, but keeps the last of them. So the ledger still knows the state at that
    /// moment and at every later time.
    private func pruneMoments(through position: HistoryPosition) throws {
        try db.execute(
            sql: """
                DELETE FROM moment WHERE time < (
                    SELECT max(time) FROM moment WHERE time < coalesce(
                        (SELECT time FROM moment WHERE (epoch, revision) > (?, ?)
                            ORDER BY time LIMIT 1),
                        9223372036854775807))
                """, arguments: [position.epoch, position.revision])
    }

    /// Removes the revisions up to `position` from the known ranges.
    private func pruneCoverage(through position: HistoryPosition) throws {
        try db.execute(
            sql: """
                DELETE FROM coverage
                WHERE last IS NOT NULL AND (epoch, last) <= (?, ?)
                """, arguments: [position.epoch, position.revision])
        try db.execute(
            sql: "UPDATE coverage SET first = ?2 WHERE epoch = ?1 AND first < ?2",
            arguments: [position.epoch, position.revision])
    }
}

/// The last row that was pruned from the ledger.
struct Retention {
    /// The number of the last pruned row; 0 before the first pruning.
    let prunedThrough: Int64
    /// The hash of the last pruned row; 32 zero bytes before the first pruning. The first row that is still in the
    /// ledger names this hash as its previous hash.
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
    /// The largest number of rows to prune in one transaction, a multiple of the 256 rows of a Merkle tile. The
    /// number is small, because all other writes wait for the transaction.
    static let step: Int64 = 1024

    /// Returns the next rows to prune: the oldest rows, in whole tiles, all from before `cutoff`. The result never
    /// includes the last row of the ledger or a held row. Returns nil if no rows can be pruned. Reads at most
    /// `step` rows.
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

/// Prepares whole tiles of rows for pruning. Copies the parts of the rows that later proofs need.
package enum Sealing {
    /// Copies the hashes of the rows of `tiles` into table `sealed`, and the rows that name signing keys into table
    /// `kept`. The caller must delete the rows in the same transaction.
    ///
    /// Throws `corrupt` if one of the rows is missing, so that a missing row cannot count as pruned.
    package static func seal(_ tiles: Range<Int64>, in db: Database) throws {
        for tile in tiles {
            let rows = Tile.rows(tile)
            let hashes = try RowHashes.fetch(rows, in: db)
            let statement = try db.cachedStatement(
                sql: "INSERT INTO sealed (tile, hashes) VALUES (?, ?)")
            try statement.execute(arguments: [tile, Data(hashes.flatMap(\.bytes))])
            try keep(rows, in: db)
        }
    }

    /// Returns the number of complete tiles in a ledger of `size` rows.
    static func wholeTiles(size: Int64) -> Int64 { size / Tile.width }

    /// Copies the rows of `rows` that name this ledger's signing keys to table `kept`, in canonical form. Without these
    /// keys, older checkpoints could not be verified. The copies can be verified too, because table `sealed` has the
    /// hashes of the rows.
    private static func keep(_ rows: Range<Int64>, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(AuditRow.columns) FROM audit \
                WHERE seq >= ? AND seq < ? AND kind = '\(SigningKeyRow.kind)' AND source_ledger IS NULL
                """)
        let arguments: StatementArguments = [rows.lowerBound, rows.upperBound]
        for record in try Row.fetchAll(statement, arguments: arguments).map(AuditRow.record) {
            let form = String(decoding: record.canonicalForm, as: UTF8.self)
            try db.execute(
                sql: "INSERT INTO kept (seq, form) VALUES (?, ?)", arguments: [record.seq, form])
        }
    }
}
