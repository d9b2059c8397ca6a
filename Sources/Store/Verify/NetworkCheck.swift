import Domain
import Foundation
import GRDB

/// Compares tables `audit_cidr` and `cidr` with the rows.
struct NetworkCheck: Sendable {
    /// For each tile, the sum of the entries that the two tables have for the rows of the tile.
    private(set) var sums: [Int64: NetworkSum] = [:]
    /// The highest row number in table `audit_cidr` if it is above the number of the ledger's last row; otherwise
    /// nil.
    private(set) var stray: Int64?

    /// Reads both tables completely.
    init(_ db: Database) throws {
        let size = try LedgerTree.size(db)
        let rows = try Row.fetchCursor(db, sql: NetworkEntry.sql)
        while let row = try rows.next() {
            let entry = try NetworkEntry(row: row)
            if entry.seq > size { stray = max(stray ?? 0, entry.seq) }
            sums[Tile.of(row: entry.seq), default: NetworkSum()].add(entry)
        }
    }

    /// Returns the tiles of `tiles` for which `rows` and the tables differ, in ascending order.
    func differences(from rows: [Int64: NetworkSum], in tiles: Set<Int64>) -> [Int64] {
        tiles.filter { rows[$0] != sums[$0] }.sorted()
    }

    /// Examines the first four tiles of `tiles`. For each of these tiles, returns a finding about the first row that
    /// differs from the tables. Reads tables and rows again in one transaction, and skips tiles that were pruned since
    /// the first reading.
    static func differences(in tiles: [Int64], _ db: Database) throws -> [LedgerFinding] {
        guard !tiles.isEmpty else { return [] }
        let sealed = Set(try Int64.fetchAll(db, sql: "SELECT tile FROM sealed"))
        return try tiles.filter { !sealed.contains($0) }.prefix(4).compactMap {
            try firstDifference(in: $0, db)
        }
    }

    /// Returns a finding about the first row of the tile that differs from the tables; nil if no row differs.
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
                    row: seq, "table audit_cidr contradicts this row's column cidrs")
            }
        }
        return nil
    }
}

/// The sum of the hashes of network entries. Equal sums show that the entries in table `audit_cidr` are equal to the
/// entries that follow from the rows. A sum does not depend on the order of the entries, because the table and the
/// rows have the entries in different orders.
struct NetworkSum: Equatable, Sendable {
    private var value: UInt128 = 0

    mutating func add(_ entry: NetworkEntry) { value &+= entry.digest }
}

/// One entry of table `audit_cidr`, joined with its network from table `cidr`.
struct NetworkEntry: Hashable, Sendable {
    let seq: Int64
    let time: Int64
    let family: Int64
    let length: Int64
    let first: [UInt8]
    let last: [UInt8]

    init(_ cidr: CIDR, seq: Int64, time: Int64) {
        (self.seq, self.time) = (seq, time)
        family = Int64(cidr.family.bitWidth)
        length = Int64(cidr.prefixLength)
        first = [UInt8](TouchedNetworks.bytes(cidr.first))
        last = [UInt8](TouchedNetworks.bytes(cidr.last))
    }

    /// Reads a result row of `sql`. Replaces a missing or malformed network by values that differ from every
    /// network that a ledger row can name.
    init(row: Row) throws {
        let reader = ColumnReader(row: row, label: "audit_cidr")
        seq = try reader.integer(0)
        time = try reader.integer(1)
        family = (try? reader.integer(2)) ?? 0
        length = (try? reader.integer(3)) ?? 0
        first = (try? reader.blob(4)).map { [UInt8]($0) } ?? []
        last = (try? reader.blob(5)).map { [UInt8]($0) } ?? []
    }

    static let sql = """
        SELECT a.seq, a.time, c.family, c.length, c.first, c.last
        FROM audit_cidr a LEFT JOIN cidr c ON c.id = a.cidr
        """

    /// Returns the entries that table `audit_cidr` must have for a ledger row with these columns.
    static func all(cidrs: String?, seq: Int64, time: Int64) -> Set<NetworkEntry> {
        guard let cidrs else { return [] }
        return Set(
            TouchedNetworks.networks(cidrs).map { NetworkEntry($0, seq: seq, time: time) })
    }

    fileprivate var digest: UInt128 {
        var bytes = first + [0xFF] + last
        for number in [seq, time, family, length] {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes.withUnsafeBytes { AuditHash.hash($0) }.bytes.prefix(16)
            .reduce(0) { $0 << 8 | UInt128($1) }
    }
}
