import Domain
import GRDB

/// Compares tables `audit_cidr` and `cidr` with what the rows say.
struct NetworkCheck: Sendable {
    /// What the tables say, tile by tile.
    private(set) var sums: [Int64: NetworkSum] = [:]
    /// The largest number of a row that the table names and that is past the last row; nil for none.
    private(set) var stray: Int64?

    /// Reads the whole table.
    init(_ db: Database) throws {
        let size = try LedgerTree.size(db)
        let rows = try Row.fetchCursor(db, sql: NetworkEntry.sql)
        while let row = try rows.next() {
            let entry = try NetworkEntry(row: row)
            if entry.seq > size { stray = max(stray ?? 0, entry.seq) }
            sums[Tile.of(row: entry.seq), default: NetworkSum()].add(entry)
        }
    }

    /// The tiles of `tiles` for which rows and table differ, ascending.
    func differences(from rows: [Int64: NetworkSum], in tiles: Set<Int64>) -> [Int64] {
        tiles.filter { rows[$0] != sums[$0] }.sorted()
    }

    /// The first rows that table and row say different things of, of at most four tiles that stand wholly
    /// in the file; read anew in one transaction, since tiles may have been pruned meanwhile.
    static func differences(in tiles: [Int64], _ db: Database) throws -> [LedgerFinding] {
        guard !tiles.isEmpty else { return [] }
        let sealed = Set(try Int64.fetchAll(db, sql: "SELECT tile FROM sealed"))
        return try tiles.filter { !sealed.contains($0) }.prefix(4).compactMap {
            try firstDifference(in: $0, db)
        }
    }

    /// Nil when there is none.
    private static func firstDifference(
        in tile: Int64, _ db: Database
    ) throws -> LedgerFinding? {
        let range = Tile.rows(tile)
        let arguments: StatementArguments = [range.lowerBound, range.upperBound]
        var entries: [Int64: Set<NetworkEntry>] = [:]
        let table = try Row.fetchCursor(
            db, sql: NetworkEntry.sql + " WHERE a.seq >= ? AND a.seq < ?", arguments: arguments)
        while let row = try table.next() {
            let entry = try NetworkEntry(row: row)
            entries[entry.seq, default: []].insert(entry)
        }
        let rows = try Row.fetchCursor(
            db, sql: "SELECT seq, time, cidrs FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq",
            arguments: arguments)
        while let row = try rows.next() {
            let reader = ColumnReader(row: row, label: "audit")
            let (seq, time) = (try reader.integer(0), try reader.integer(1))
            let expected = NetworkEntry.all(
                cidrs: try reader.optionalText(2), seq: seq, time: time)
            if entries[seq, default: []] != expected {
                return LedgerFinding(
                    row: seq, "table audit_cidr does not say of it what its column cidrs says")
            }
        }
        return nil
    }
}
