import Documents
import Domain
import GRDB

/// Some tiles of rows, checked by themselves: what their borders and roots say goes to `LedgerAssembly`.
struct SegmentCheck: Sendable {
    /// Tiles in a segment: a few megabytes of rows, read in one short transaction.
    static let tiles: Int64 = 16
    /// Findings that a segment reports; one is enough to fail.
    private static let maximumFindings = 16

    /// Numbers of the rows that belong here; begins a tile.
    let rows: Range<Int64>
    /// The hash of each row; nil where the row is missing or cannot be read.
    private(set) var hashes: [AuditHash?]
    /// What the first row names as the hash before it; nil when it is missing or pruned.
    private(set) var firstPreviousHash: AuditHash?
    private(set) var findings: [LedgerFinding] = []
    /// Runs of rows that are not there.
    private(set) var missing: [ClosedRange<Int64>] = []
    private(set) var prunedTiles: Set<Int64> = []
    /// What the rows of a tile say of networks.
    private(set) var networks: [Int64: NetworkSum] = [:]
    private(set) var signingKeys: [SigningKeyRow] = []
    /// Ledgers whose place this one says to have taken.
    private(set) var predecessors: [String] = []

    /// Reads and checks the rows of `rows`.
    init(_ rows: Range<Int64>, in db: Database) throws {
        self.rows = rows
        hashes = Array(repeating: nil, count: rows.count)
        try readSealed(db)
        do {
            try readRows(db)
            noteMissing()
        } catch let error as DatabaseError {
            noteUnreadable(error)
        }
    }

    /// The hash of row `seq`; nil when it is not known.
    subscript(seq: Int64) -> AuditHash? { hashes[Int(seq - rows.lowerBound)] }

    /// The root over the rows of a tile up to `last`; nil when one of them is not known.
    func root(from first: Int64, through last: Int64) -> AuditHash? {
        let part = hashes[Int(first - rows.lowerBound)...Int(last - rows.lowerBound)]
        let leaves = part.compactMap { $0.map(AuditHash.leaf) }
        return leaves.count == part.count ? MerkleTree.root(of: leaves) : nil
    }

    private mutating func readSealed(_ db: Database) throws {
        let tiles = Tile.of(row: rows.lowerBound)...Tile.of(row: rows.upperBound - 1)
        let statement = try db.cachedStatement(
            sql: "SELECT tile, hashes FROM sealed WHERE tile BETWEEN ? AND ?")
        let found = try Row.fetchAll(statement, arguments: [tiles.lowerBound, tiles.upperBound])
        for row in found {
            let reader = ColumnReader(row: row, label: "sealed")
            let tile = try reader.integer(0)
            prunedTiles.insert(tile)
            guard let sealed = try? Tile.hashes(reader, 1) else {
                let rows = Tile.rows(tile)
                note(
                    LedgerFinding(
                        .range, rows.lowerBound...rows.upperBound - 1,
                        "their sealed hashes are damaged"))
                continue
            }
            for (seq, hash) in zip(Tile.rows(tile), sealed) where rows.contains(seq) {
                hashes[Int(seq - rows.lowerBound)] = hash
            }
        }
    }

    private mutating func readRows(_ db: Database) throws {
        let statement = try db.cachedStatement(sql: StoredRow.sql)
        let cursor = try Row.fetchCursor(statement, arguments: [rows.lowerBound, rows.upperBound])
        let row = StoredRow(statement)
        var writer = CanonicalObjectWriter()
        while try cursor.next() != nil { check(row, &writer) }
    }

    private mutating func check(_ row: StoredRow, _ writer: inout CanonicalObjectWriter) {
        let seq = row.seq
        let (hash, previous) = (row.hash, row.previousHash)
        if hash == nil || hash != row.contentHash(&writer) {
            note(LedgerFinding(row: seq, "its hash is not that of its content"))
        } else if let sealed = self[seq], sealed != hash {
            note(LedgerFinding(row: seq, "its hash is not the one that was sealed"))
        } else if seq > rows.lowerBound, let before = self[seq - 1], before != previous {
            note(LedgerFinding(row: seq, "it does not name the hash of row \(seq - 1)"))
        }
        if seq == rows.lowerBound { firstPreviousHash = previous }
        hashes[Int(seq - rows.lowerBound)] = hash
        if let document = row.signingKeyDocument,
            let key = SigningKeyRow(seq: seq, document: document)
        {
            signingKeys.append(key)
        }
        if let row = row.predecessorDetail.flatMap(PredecessorRow.init(detail:)) {
            predecessors.append(row.ledger)
        }
        for entry in NetworkEntry.all(cidrs: row.cidrs, seq: seq, time: row.time) {
            networks[Tile.of(row: seq), default: NetworkSum()].add(entry)
        }
    }

    private mutating func noteMissing() {
        var first: Int64?
        for seq in rows.lowerBound...rows.upperBound {
            let isMissing = seq < rows.upperBound && self[seq] == nil && !isDamaged(seq)
            if isMissing {
                first = first ?? seq
            } else if let start = first {
                missing.append(start...seq - 1)
                first = nil
            }
        }
    }

    /// Whether a finding says already what is wrong with a row whose hash is not known.
    private func isDamaged(_ seq: Int64) -> Bool {
        prunedTiles.contains(Tile.of(row: seq))
            || findings.contains { $0.kind == .row && $0.seq == seq }
    }

    /// A damaged page: what stood behind it in this segment is not known.
    private mutating func noteUnreadable(_ error: DatabaseError) {
        let first = (rows.first { self[$0] == nil && !isDamaged($0) }) ?? rows.lowerBound
        note(LedgerFinding(row: first, "it cannot be read: \(error.message ?? "\(error)")"))
    }

    private mutating func note(_ finding: LedgerFinding) {
        if findings.count < Self.maximumFindings { findings.append(finding) }
    }
}
