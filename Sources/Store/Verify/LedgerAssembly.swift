import Domain

/// Combines the results of the chunks, which must be added in ascending order of rows. Checks the hash chain across
/// the borders of chunks, and the stored tiles of the tree.
struct LedgerAssembly {
    private let survey: LedgerSurvey
    /// The numbers of rows for which a root is needed.
    private let sizes: Set<Int64>
    private var range = CompactRange()
    private var nextRow: Int64 = 1
    private var lastHash: AuditHash? = .zero
    /// True if a chunk is missing, or if the root of a tile could not be computed. Then no later root can be
    /// computed.
    private var isBroken = false

    /// The root for each number of rows in `sizes`; absent if the root could not be computed.
    private(set) var roots: [Int64: AuditHash] = [0: .emptyRoot]
    private(set) var findings: [LedgerFinding] = []
    private(set) var missing: [ClosedRange<Int64>] = []
    private(set) var signingKeys: [SigningKeyRow] = []
    private(set) var predecessors: [String] = []
    private(set) var networks: [Int64: NetworkSum] = [:]
    /// The tiles whose 256 rows are all in the file.
    private(set) var wholeTiles: Set<Int64> = []
    private(set) var prunedRows: Int64 = 0

    init(_ survey: LedgerSurvey, sizes: [Int64]) {
        self.survey = survey
        self.sizes = Set(sizes)
        findings = survey.findings
        missing = survey.gaps
    }

    mutating func add(_ chunk: VerifiedChunk) {
        findings += chunk.findings
        missing += chunk.missing
        signingKeys += chunk.signingKeys
        predecessors += chunk.predecessors
        networks.merge(chunk.networks) { first, _ in first }
        prunedRows += Int64(chunk.prunedTiles.count) * Tile.width
        checkBorder(chunk)
        if chunk.rows.lowerBound != nextRow { isBroken = true }
        let firstTile = Tile.of(row: chunk.rows.lowerBound)
        for (offset, root) in chunk.tileRoots.enumerated() {
            let tile = firstTile + Int64(offset)
            notePartialRoots(chunk, tile)
            append(root, tile, isPruned: chunk.prunedTiles.contains(tile))
        }
        notePartialRoots(chunk, firstTile + Int64(chunk.tileRoots.count))
        (nextRow, lastHash) = (chunk.rows.upperBound, chunk.lastHash)
    }

    private mutating func checkBorder(_ chunk: VerifiedChunk) {
        let first = chunk.rows.lowerBound
        guard first == nextRow, let lastHash, let named = chunk.firstPreviousHash,
            lastHash != named
        else { return }
        findings.append(
            LedgerFinding(
                row: first,
                first == 1
                    ? "it contains the hash of a previous row, although it is the first row"
                    : "its previous hash is not the hash of row \(first - 1)"))
    }

    private mutating func notePartialRoots(_ chunk: VerifiedChunk, _ tile: Int64) {
        guard !isBroken else { return }
        for (size, part) in chunk.partialRoots
        where Tile.of(row: size) == tile && !size.isMultiple(of: Tile.width) {
            roots[size] = range.root(with: part)
        }
    }

    private mutating func append(_ root: AuditHash?, _ tile: Int64, isPruned: Bool) {
        if root != nil, !isPruned { wholeTiles.insert(tile) }
        guard !isBroken, let root else {
            isBroken = true
            return
        }
        var nodes = [(place: Tile.Node(level: 1, index: tile), root: root)]
        range.append(root) { height, index, root in
            // Takes only every eighth level, because a tile is eight levels high and no other levels are stored.
            guard height.isMultiple(of: 8) else { return }
            nodes.append((Tile.Node(level: 1 + height / 8, index: index), root))
        }
        for node in nodes { compare(node.place, node.root) }
        let size = (tile + 1) * Tile.width
        if sizes.contains(size) { roots[size] = range.root(with: nil) }
    }

    private mutating func compare(_ place: Tile.Node, _ root: AuditHash) {
        let stored = survey.tiles[place]
        guard stored != root else { return }
        let width = place.lastRow / (place.index + 1)
        let rows = place.lastRow - width + 1...place.lastRow
        let name = "tile \(place.level)/\(place.index)"
        findings.append(
            LedgerFinding(
                .range, rows,
                stored == nil ? "\(name) over them is missing" : "\(name) does not match these rows"
            ))
    }
}
