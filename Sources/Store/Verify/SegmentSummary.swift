import Domain
import GRDB

/// What of a checked segment is needed to put the whole together.
struct SegmentSummary: Sendable {
    let rows: Range<Int64>
    let firstPreviousHash: AuditHash?
    let lastHash: AuditHash?
    /// Of each whole tile; nil where it could not be computed.
    let tileRoots: [AuditHash?]
    /// Roots over the beginning of a tile, by the number of the last row.
    let partialRoots: [Int64: AuditHash]
    let prunedTiles: Set<Int64>
    let networks: [Int64: NetworkSum]
    let signingKeys: [SigningKeyRow]
    let predecessors: [String]
    let findings: [LedgerFinding]
    let missing: [ClosedRange<Int64>]

    /// - Parameter sizes: up to which rows, besides whole tiles, a root will be asked for.
    init(_ rows: Range<Int64>, sizes: [Int64], in db: Database) throws {
        let check = try SegmentCheck(rows, in: db)
        self.rows = rows
        firstPreviousHash = check.firstPreviousHash
        lastHash = check[rows.upperBound - 1]
        tileRoots = stride(
            from: rows.lowerBound, through: rows.upperBound - Tile.width, by: Int(Tile.width)
        ).map { check.root(from: $0, through: $0 + Tile.width - 1) }
        var partialRoots: [Int64: AuditHash] = [:]
        for size in sizes where rows.contains(size) {
            let first = Tile.rows(Tile.of(row: size)).lowerBound
            partialRoots[size] = check.root(from: first, through: size)
        }
        self.partialRoots = partialRoots
        prunedTiles = check.prunedTiles
        networks = check.networks
        signingKeys = check.signingKeys
        predecessors = check.predecessors
        findings = check.findings
        missing = check.missing
    }
}
