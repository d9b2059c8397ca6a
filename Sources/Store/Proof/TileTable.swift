import Domain
import Foundation
import GRDB

/// Table `tile`: the roots of complete subtrees of 256, 65,536, … rows, so that no proof has to read more
/// than some hundred hashes. It follows from the rows and can be made again from them.
enum TileTable {
    /// Makes the tiles that are complete now that the ledger grew from `previous` to `size` rows, and those
    /// that are missing below.
    ///
    /// Rows that are missing end it: what the ledger is told must still be written, and the next checkpoint
    /// says that it cannot be made.
    static func grow(from previous: Int64, to size: Int64, in db: Database) throws {
        let built = try Int64.fetchOne(db, sql: "SELECT max(idx) + 1 FROM tile WHERE level = 1")
        // A tile past the rows there were is left over from rows that were cut off.
        for tile in min(built ?? 0, previous / Tile.width)..<size / Tile.width {
            do {
                try complete(tile, in: db)
            } catch let error as StoreError where error.code == .corrupt {
                return
            }
        }
    }

    /// The roots of the tiles `indices` of a level, in order. Throws `corrupt` when one is missing.
    static func fetch(level: Int, _ indices: Range<Int64>, in db: Database) throws -> [AuditHash] {
        let statement = try db.cachedStatement(
            sql: "SELECT idx, hash FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx")
        let rows = try Row.fetchAll(
            statement, arguments: [level, indices.lowerBound, indices.upperBound])
        let tiles = try rows.map { row in
            let reader = ColumnReader(row: row, label: "tile \(level)/\(row[0] as DatabaseValue)")
            guard let hash = AuditHash(try reader.blob(1)) else { throw reader.unreadable(1) }
            return (try reader.integer(0), hash)
        }
        guard tiles.map(\.0).elementsEqual(indices) else {
            throw StoreError(
                code: .corrupt,
                message: "tiles of level \(level) between \(indices.lowerBound) and "
                    + "\(indices.upperBound - 1) are missing")
        }
        return tiles.map(\.1)
    }

    /// Puts the tile of level 1, and every tile above that it completes.
    private static func complete(_ tile: Int64, in db: Database) throws {
        let leaves = try RowHashes.fetch(Tile.rows(tile), in: db).map(AuditHash.leaf)
        try put(level: 1, tile, MerkleTree.root(of: leaves), in: db)
        var (level, count) = (1, tile + 1)
        while count.isMultiple(of: Tile.width) {
            let below = try fetch(level: level, count - Tile.width..<count, in: db)
            level += 1
            count /= Tile.width
            try put(level: level, count - 1, MerkleTree.root(of: below), in: db)
        }
    }

    private static func put(
        level: Int, _ index: Int64, _ hash: AuditHash, in db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO tile (level, idx, hash) VALUES (?, ?, ?)")
        try statement.execute(arguments: [level, index, Data(hash.bytes)])
    }
}
