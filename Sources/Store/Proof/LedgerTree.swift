import Domain
import GRDB

/// The ledger's Merkle tree: leaf n is row n + 1.
enum LedgerTree {
    /// Bits of a tile's width: each level of table `tile` is this many levels of the tree.
    private static let tileHeight = 8

    /// The tree over the rows and tiles in `db`; a root or proof reads some hundred hashes at most.
    static func open(_ db: Database) -> MerkleTree {
        MerkleTree { height, index in
            let (level, rest) = height.quotientAndRemainder(dividingBy: tileHeight)
            let nodes = index << Int64(rest)..<(index + 1) << Int64(rest)
            guard level > 0 else {
                let rows = nodes.lowerBound + 1..<nodes.upperBound + 1
                return MerkleTree.root(of: try RowHashes.fetch(rows, in: db).map(AuditHash.leaf))
            }
            return MerkleTree.root(of: try TileTable.fetch(level: level, nodes, in: db))
        }
    }

    /// Number of rows that the ledger has had: the last row's number.
    static func size(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
    }
}
