package import Domain
import Foundation
package import GRDB

/// The ledger's Merkle tree. Leaf n is row n + 1.
package enum LedgerTree {
    /// The height of a tile: one level of table `tile` stands for 8 levels of the tree.
    private static let tileHeight = 8

    /// Returns the tree over the rows and tiles in `db`. A root or proof reads at most a few hundred hashes.
    package static func open(_ db: Database) -> MerkleTree {
        MerkleTree { height, index in
            // Computes the root from the nodes under it at the nearest stored level: 2^`rest` nodes, at most 128.
            let (level, rest) = height.quotientAndRemainder(dividingBy: tileHeight)
            let nodes = index << Int64(rest)..<(index + 1) << Int64(rest)
            guard level > 0 else {
                let rows = nodes.lowerBound + 1..<nodes.upperBound + 1
                return MerkleTree.root(of: try RowHashes.fetch(rows, in: db).map(AuditHash.leaf))
            }
            return MerkleTree.root(of: try TileTable.fetch(level: level, nodes, in: db))
        }
    }

    /// Returns the number of the last row. This is the number of rows including pruned rows.
    static func size(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
    }
}

/// Writes and reads table `tile`: the roots of complete subtrees of 256, 65,536, … rows. The table lets a proof
/// read at most a few hundred hashes. The table can be computed again from the rows.
package enum TileTable {
    /// Computes the tiles that became complete when the ledger grew from `previous` to `size` rows. Also computes
    /// missing tiles before these tiles.
    ///
    /// Stops without an error if rows are missing, because an error would prevent new rows from being written. The
    /// next checkpoint then fails.
    package static func grow(from previous: Int64, to size: Int64, in db: Database) throws {
        let built = try Int64.fetchOne(db, sql: "SELECT max(idx) + 1 FROM tile WHERE level = 1")
        // Begins at the first missing tile, or at the tile of row `previous` + 1 if that tile comes first. If that tile
        // is already in the table, it was computed from rows that were later cut off from the file, so it is computed
        // again.
        for tile in min(built ?? 0, previous / Tile.width)..<size / Tile.width {
            do {
                try complete(tile, in: db)
            } catch let error as StoreError where error.code == .corrupt {
                return
            }
        }
    }

    /// Returns the roots of the tiles `indices` of a level, in order. Throws `corrupt` if a tile is missing.
    package static func fetch(level: Int, _ indices: Range<Int64>, in db: Database) throws
        -> [AuditHash]
    {
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

    /// Writes a tile of level 1, and every tile of a higher level that this tile completes.
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

/// Reads the hashes of rows from table `audit`, and of pruned rows from table `sealed`.
enum RowHashes {
    /// Returns the hashes of `rows` in order. Reads all of them into memory, so `rows` should be at most a few
    /// hundred.
    ///
    /// Throws `corrupt` with the number of the first row that is in neither table.
    static func fetch(_ rows: Range<Int64>, in db: Database) throws -> [AuditHash] {
        guard !rows.isEmpty else { return [] }
        var hashes = try sealed(rows, in: db)
        let statement = try db.cachedStatement(
            sql: "SELECT seq, hash FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq")
        let cursor = try Row.fetchCursor(
            statement, arguments: [rows.lowerBound, rows.upperBound])
        while let row = try cursor.next() {
            let reader = ColumnReader(row: row, label: "audit row \(row[0] as DatabaseValue)")
            hashes[try reader.integer(0)] = try hash(reader, 1)
        }
        return try rows.map { seq in
            guard let hash = hashes[seq] else {
                throw StoreError(code: .corrupt, message: "audit row \(seq) is missing")
            }
            return hash
        }
    }

    private static func sealed(_ rows: Range<Int64>, in db: Database) throws -> [Int64: AuditHash] {
        let statement = try db.cachedStatement(
            sql: "SELECT tile, hashes FROM sealed WHERE tile BETWEEN ? AND ?")
        let tiles = try Row.fetchCursor(
            statement,
            arguments: [Tile.of(row: rows.lowerBound), Tile.of(row: rows.upperBound - 1)]
        )
        var hashes: [Int64: AuditHash] = [:]
        while let row = try tiles.next() {
            let reader = ColumnReader(row: row, label: "sealed tile \(row[0] as DatabaseValue)")
            let first = Tile.rows(try reader.integer(0)).lowerBound
            for (index, hash) in try Tile.hashes(reader, 1).enumerated() {
                hashes[first + Int64(index)] = hash
            }
        }
        return hashes
    }

    private static func hash(_ reader: ColumnReader, _ index: Int) throws -> AuditHash {
        guard let hash = AuditHash(try reader.blob(index)) else { throw reader.unreadable(index) }
        return hash
    }
}

/// A complete group of 256 rows, the leaves of one tile of level 1. Tile n holds the rows 256n + 1 to 256n +
/// 256.
enum Tile {
    /// The number of rows in a tile, as in C2SP tlog-tiles. The hashes of a tile have 8 KiB in total, so one read
    /// returns all of them.
    static let width: Int64 = 256

    /// Returns the number of the tile that holds row `seq`.
    static func of(row seq: Int64) -> Int64 { (seq - 1) / width }

    /// Returns the numbers of a tile's rows.
    static func rows(_ tile: Int64) -> Range<Int64> { tile * width + 1..<(tile + 1) * width + 1 }

    /// Returns the 256 hashes in a column of table `sealed`. Throws `corrupt` if the column has another size.
    static func hashes(_ reader: ColumnReader, _ index: Int) throws -> [AuditHash] {
        let bytes = [UInt8](try reader.blob(index))
        guard bytes.count == Int(width) * AuditHash.byteCount else {
            throw reader.unreadable(index)
        }
        return stride(from: 0, to: bytes.count, by: AuditHash.byteCount).compactMap {
            AuditHash(bytes[$0..<$0 + AuditHash.byteCount])
        }
    }
}
