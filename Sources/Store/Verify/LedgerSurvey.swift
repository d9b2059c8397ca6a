import Domain
import GRDB

/// The ranges of rows in a ledger's file, and the content of the file except the rows. All of this is read in one
/// transaction.
struct LedgerSurvey: Sendable {
    /// A row of table `checkpoint` as stored in the file.
    struct StoredNote: Sendable {
        let size: Int64
        /// The checkpoint; nil if the row is malformed, or if its size, root and note contradict each other.
        let signed: SignedCheckpoint?
    }

    /// The largest number that a row can have. No ledger becomes this long, so this program cannot have written a
    /// row with a higher number.
    static let maximumSize: Int64 = 1 << 53

    let ledger: String
    /// The number of the last row.
    let size: Int64
    /// The ranges of rows to check, in ascending order. Each range begins at the first row of a tile. All rows
    /// between two ranges are missing.
    let chunks: [Range<Int64>]
    /// The ranges of missing rows before the chunks and between them.
    let gaps: [ClosedRange<Int64>]
    /// The content of table `tile`: the hash for each level and index.
    let tiles: [Tile.Node: AuditHash]
    let checkpoints: [StoredNote]
    let findings: [LedgerFinding]

    init(_ db: Database) throws {
        ledger = try LedgerIdentity.fetch(db)
        size = try Self.size(db)
        (chunks, gaps) = try Self.chunks(size: size, db)
        tiles = try Self.tiles(db)
        checkpoints = try Self.checkpoints(db)
        findings = try Self.strays(db) + PruningCheck(size: size, db).findings
    }

    private static func size(_ db: Database) throws -> Int64 {
        let row = try Int64.fetchOne(
            db, sql: "SELECT max(seq) FROM audit WHERE seq <= ?", arguments: [maximumSize])
        let sealed = try Int64.fetchOne(
            db, sql: "SELECT max(tile) FROM sealed WHERE tile <= ?",
            arguments: [Tile.of(row: maximumSize)])
        return max(row ?? 0, sealed.map { Tile.rows($0).upperBound - 1 } ?? 0)
    }

    private static func strays(_ db: Database) throws -> [LedgerFinding] {
        try [
            "SELECT min(seq) FROM audit WHERE seq < 1", "SELECT max(seq) FROM audit WHERE seq > ?",
        ]
        .compactMap { sql in
            try Int64.fetchOne(
                db, sql: sql, arguments: sql.contains("?") ? [maximumSize] : [])
        }
        .map { LedgerFinding(row: $0, "a row cannot have this number") }
    }

    /// Returns the chunks and the gaps. Skips each gap in one step, so that a row with a very high number does not
    /// slow the verification.
    private static func chunks(
        size: Int64, _ db: Database
    ) throws -> ([Range<Int64>], [ClosedRange<Int64>]) {
        var chunks: [Range<Int64>] = []
        var gaps: [ClosedRange<Int64>] = []
        var start: Int64 = 1
        while start <= size {
            guard let next = try firstRow(from: start, db), next <= size else { break }
            let first = Tile.rows(Tile.of(row: next)).lowerBound
            if first > start { gaps.append(start...first - 1) }
            let end = first.addingReportingOverflow(VerificationChunk.tiles * Tile.width)
            guard !end.overflow else { break }
            chunks.append(first..<min(end.partialValue, size + 1))
            start = end.partialValue
        }
        return (chunks, gaps)
    }

    /// Returns the number of the first row at `start` or later, including pruned rows; nil if there is none.
    private static func firstRow(from start: Int64, _ db: Database) throws -> Int64? {
        let row = try Int64.fetchOne(
            db, sql: "SELECT min(seq) FROM audit WHERE seq >= ?", arguments: [start])
        let sealed = try Int64.fetchOne(
            db, sql: "SELECT min(tile) FROM sealed WHERE tile BETWEEN ? AND ?",
            arguments: [Tile.of(row: start), Tile.of(row: maximumSize)])
        return [row, sealed.map { Tile.rows($0).lowerBound }].compactMap(\.self).min()
    }

    private static func tiles(_ db: Database) throws -> [Tile.Node: AuditHash] {
        var tiles: [Tile.Node: AuditHash] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT level, idx, hash FROM tile")
        while let row = try rows.next() {
            let reader = ColumnReader(row: row, label: "tile")
            let place = Tile.Node(
                level: Int(truncatingIfNeeded: try reader.integer(0)), index: try reader.integer(1))
            // Replaces a malformed hash by zeros. Zeros differ from every computed root, so the malformed hash is
            // reported.
            tiles[place] = (try? reader.blob(2)).flatMap { AuditHash($0) } ?? .zero
        }
        return tiles
    }

    private static func checkpoints(_ db: Database) throws -> [StoredNote] {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(StoredCheckpoint.columns) FROM checkpoint ORDER BY size")
        var notes: [StoredNote] = []
        while let row = try rows.next() {
            notes.append(
                StoredNote(
                    size: try ColumnReader(row: row, label: "checkpoint").integer(0),
                    signed: try? StoredCheckpoint(row: row).signed))
        }
        return notes
    }
}

extension Tile {
    /// The position of a hash in table `tile`.
    struct Node: Hashable, Sendable {
        let level: Int
        let index: Int64

        /// The number of the last row under the hash.
        var lastRow: Int64 {
            // Levels above 7 count as 7, because 256^7 is the largest power of 256 that fits into `Int64`.
            let width = (0..<min(max(level, 1), 7)).reduce(Int64(1)) { width, _ in
                width * Tile.width
            }
            let (rows, overflow) = (index + 1).multipliedReportingOverflow(by: width)
            return overflow ? .max : rows
        }
    }
}
