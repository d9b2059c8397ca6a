import Documents
import Domain
import GRDB

/// A few tiles of rows, checked without the rows before and after them. `LedgerAssembly` then checks the borders
/// between chunks and the roots.
struct VerificationChunk: Sendable {
    /// The number of tiles in a chunk. The rows of a chunk have a few megabytes, so one short transaction can read
    /// them.
    static let tiles: Int64 = 16
    /// The largest number of findings that a chunk reports. More are not needed, because one finding already makes
    /// the verification fail.
    private static let maximumFindings = 16

    /// The numbers of the rows in the chunk. The first of them must be the first row of a tile.
    let rows: Range<Int64>
    /// The hash of each row; nil if the row is missing or cannot be read.
    private(set) var hashes: [AuditHash?]
    /// The hash that the first row names as the hash of the row before the chunk; nil if the first row is missing or
    /// pruned.
    private(set) var firstPreviousHash: AuditHash?
    private(set) var findings: [LedgerFinding] = []
    /// The ranges of missing rows.
    private(set) var missing: [ClosedRange<Int64>] = []
    private(set) var prunedTiles: Set<Int64> = []
    /// For each tile, the sum of the networks named by the rows of the tile.
    private(set) var networks: [Int64: NetworkSum] = [:]
    private(set) var signingKeys: [SigningKeyRow] = []
    /// The ledgers that this ledger has replaced according to its rows.
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

    /// The hash of row `seq`; nil if it is not known.
    subscript(seq: Int64) -> AuditHash? { hashes[Int(seq - rows.lowerBound)] }

    /// Returns the root over the rows `first` to `last` of a tile; nil if one of the rows is not known.
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
            note(LedgerFinding(row: seq, "its hash does not match its content"))
        } else if let sealed = self[seq], sealed != hash {
            note(LedgerFinding(row: seq, "its hash differs from the sealed hash"))
        } else if seq > rows.lowerBound, let before = self[seq - 1], before != previous {
            note(LedgerFinding(row: seq, "its previous hash is not the hash of row \(seq - 1)"))
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
        // Goes one step past the last row, to close a range of missing rows that includes the last row.
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

    /// Returns true if a finding already explains why the hash of row `seq` is unknown.
    private func isDamaged(_ seq: Int64) -> Bool {
        prunedTiles.contains(Tile.of(row: seq))
            || findings.contains { $0.kind == .row && $0.seq == seq }
    }

    /// Adds a finding about the first row that could not be read because of a damaged page. The later rows of this
    /// chunk are not read.
    private mutating func noteUnreadable(_ error: DatabaseError) {
        let first = (rows.first { self[$0] == nil && !isDamaged($0) }) ?? rows.lowerBound
        note(LedgerFinding(row: first, "it cannot be read: \(error.message ?? "\(error)")"))
    }

    private mutating func note(_ finding: LedgerFinding) {
        if findings.count < Self.maximumFindings { findings.append(finding) }
    }
}

/// The result of checking one chunk, for `LedgerAssembly`.
struct VerifiedChunk: Sendable {
    let rows: Range<Int64>
    let firstPreviousHash: AuditHash?
    let lastHash: AuditHash?
    /// The root of each complete tile; nil if it could not be computed.
    let tileRoots: [AuditHash?]
    /// Roots over only the first rows of a tile, without the rest of the tile. The key is the number of the last row
    /// under the root.
    let partialRoots: [Int64: AuditHash]
    let prunedTiles: Set<Int64>
    let networks: [Int64: NetworkSum]
    let signingKeys: [SigningKeyRow]
    let predecessors: [String]
    let findings: [LedgerFinding]
    let missing: [ClosedRange<Int64>]

    /// - Parameter sizes: The numbers of the last rows of partial roots; see `partialRoots`. Numbers outside of
    ///   `rows` are ignored.
    init(_ rows: Range<Int64>, sizes: [Int64], in db: Database) throws {
        let check = try VerificationChunk(rows, in: db)
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
