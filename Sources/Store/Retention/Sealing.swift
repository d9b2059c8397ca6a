import Domain
import Foundation
import GRDB

/// Prepares whole tiles of rows for pruning: what later proofs need of them is kept.
enum Sealing {
    /// Copies the hashes of the rows of `tiles` into table `sealed`, and the rows that name signing keys
    /// into `kept`. To be called in the transaction that then deletes the rows.
    ///
    /// Throws `corrupt` when one of the rows is missing, so that nothing is pruned that is not there.
    static func seal(_ tiles: Range<Int64>, in db: Database) throws {
        for tile in tiles {
            let rows = Tile.rows(tile)
            let hashes = try RowHashes.fetch(rows, in: db)
            let statement = try db.cachedStatement(
                sql: "INSERT INTO sealed (tile, hashes) VALUES (?, ?)")
            try statement.execute(arguments: [tile, Data(hashes.flatMap(\.bytes))])
            try keep(rows, in: db)
        }
    }

    /// How many tiles are whole in a ledger of `size` rows.
    static func wholeTiles(size: Int64) -> Int64 { size / Tile.width }

    /// Keeps the canonical form of rows that name this ledger's signing keys: under the row's sealed hash it proves
    /// itself, and without it older checkpoints could not be checked.
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
