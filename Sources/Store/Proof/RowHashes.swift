import Domain
import Foundation
import GRDB

/// The hashes of rows by number, whether the rows stand in table `audit` or were pruned.
enum RowHashes {
    /// The hashes of the rows `rows`, in order; meant for a few hundred at a time.
    ///
    /// Throws `corrupt` naming the first row that is in neither table.
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

/// A whole run of 256 rows: the leaves of one tile of level 1. Tile n holds the rows 256n + 1 to 256n + 256.
enum Tile {
    static let width: Int64 = 256

    /// The tile that holds row `seq`.
    static func of(row seq: Int64) -> Int64 { (seq - 1) / width }

    /// The numbers of a tile's rows.
    static func rows(_ tile: Int64) -> Range<Int64> { tile * width + 1..<(tile + 1) * width + 1 }

    /// The 256 hashes that a column of table `sealed` holds.
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
