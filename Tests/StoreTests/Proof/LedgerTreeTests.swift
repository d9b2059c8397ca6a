import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

@Suite struct LedgerTreeTests {
    /// The number of rows for two whole tiles of level 2 and a part of a third one. The hashes of the rows are
    /// invented, because only tables are read here.
    static let size: Int64 = 2 * 65_536 + 700

    @Test func rootsAndProofsOfLargeTreesAreThoseOfTheDefinition() throws {
        let database = try Self.database(rows: Self.size)
        let leaves = (1...Self.size).map { RFC6962.leaf(Self.hash($0).bytes) }
        try database.write { try TileTable.grow(from: 0, to: Self.size, in: $0) }
        var generator = SeededGenerator(seed: 6962)
        try database.read { db in
            let tree = LedgerTree.open(db)
            for size in [1, 255, 256, 257, 65_535, 65_536, 65_537, 131_072, Self.size] {
                #expect(try tree.root(size: size) == RFC6962.root(Array(leaves.prefix(Int(size)))))
            }
            for _ in 0..<12 {
                let size = Int64.random(in: 1...Self.size, using: &generator)
                let index = Int64.random(in: 0..<size, using: &generator)
                let first = Int64.random(in: 1...size, using: &generator)
                let root = RFC6962.root(Array(leaves.prefix(Int(size))))
                let proof = try tree.inclusionProof(index: index, size: size)
                #expect(
                    RFC6962.root(
                        leaf: leaves[Int(index)], index: Int(index), size: Int(size), path: proof)
                        == root)
                let consistency = try tree.consistencyProof(from: first, to: size)
                let firstRoot = RFC6962.root(Array(leaves.prefix(Int(first))))
                #expect(
                    RFC6962.isConsistent(
                        Int(first), firstRoot, Int(size), root, proof: consistency))
            }
        }
    }

    @Test func aProofReadsSomeHundredHashesHoweverLargeTheTree() throws {
        let database = try Self.database(rows: Self.size)
        try database.write { try TileTable.grow(from: 0, to: Self.size, in: $0) }
        try database.read { db in
            var read = 0
            let tree = LedgerTree.open(db)
            let counting = MerkleTree { height, index in
                read += 1 << (height % 8)
                return try tree.subtree(height, index)
            }
            _ = try counting.inclusionProof(index: 70_000, size: Self.size)
            #expect(read <= 3 * 2 * 256)
            read = 0
            _ = try counting.root(size: Self.size)
            #expect(read <= 3 * 256)
        }
    }

    @Test func theLedgerMakesItsTilesAsItGrows() async throws {
        let fixture = try await LedgerFixture()
        for count in [200, 55, 1, 1, 300, 600] {
            try await fixture.ledger.record((0..<count).map { .sample("row-\($0)") })
        }
        let leaves = try await fixture.allRows().map { RFC6962.leaf($0.hash.bytes) }
        #expect(fixture.ledger.lastSeq == 1157)
        #expect(try await fixture.tiles() == 4)
        for size: Int64 in [1, 255, 256, 257, 511, 512, 1157] {
            let root = try await fixture.ledger.pool.read {
                try LedgerTree.open($0).root(size: size)
            }
            #expect(root == RFC6962.root(Array(leaves.prefix(Int(size)))))
        }
    }

    @Test func aFileFromBeforeTheTreeGetsItsTilesWhenItIsOpened() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let old = try DatabasePool(path: path)
        try Migrations.migrator.migrate(old, upTo: "2 record")
        try await old.write { try Self.insert(rows: 600, in: $0) }
        try old.close()

        let ledger = try AuditLedger(path: path)
        #expect(ledger.identity.utf8.count == 32)
        let leaves = (1...600).map { RFC6962.leaf(Self.hash($0).bytes) }
        let (tiles, root) = try await ledger.pool.read { db in
            (
                try TileTable.fetch(level: 1, 0..<2, in: db).count,
                try LedgerTree.open(db).root(size: 600)
            )
        }
        #expect(tiles == 2)
        #expect(root == RFC6962.root(leaves))
    }

    @Test func aMissingRowDoesNotKeepNewOnesFromBeingWritten() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record((0..<300).map { .sample("row-\($0)") })
        let ledger = try await fixture.reopened(after: "DELETE FROM audit WHERE seq = 280")
        try await ledger.record((0..<300).map { .sample("row-\($0)") })
        let error = await #expect(throws: StoreError.self) {
            try await ledger.reading { try LedgerTree.open($0).root(size: 600) }
        }
        #expect(error?.code == .corrupt)
    }

    @Test func prunedRowsKeepTheirPlaceInTheTree() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record((0..<600).map { .sample("row-\($0)") })
        let leaves = try await fixture.allRows().map { RFC6962.leaf($0.hash.bytes) }
        try await fixture.ledger.pool.write { db in
            try Sealing.seal(0..<2, in: db)
            try db.execute(sql: "DROP TRIGGER audit_refuses_delete")
            try db.execute(sql: "DELETE FROM audit WHERE seq <= 512")
        }
        let (proof, root) = try await fixture.ledger.pool.read { db in
            let tree = LedgerTree.open(db)
            return (try tree.inclusionProof(index: 100, size: 600), try tree.root(size: 300))
        }
        #expect(proof == RFC6962.path(100, leaves))
        #expect(root == RFC6962.root(Array(leaves.prefix(300))))
    }

    private static func database(rows: Int64) throws -> DatabaseQueue {
        let database = try DatabaseQueue()
        try Migrations.migrator.migrate(database)
        try database.write { try insert(rows: rows, in: $0) }
        return database
    }

    private static func insert(rows: Int64, in db: Database) throws {
        try db.execute(sql: "DROP TRIGGER audit_refuses_disorder")
        let statement = try db.makeStatement(
            sql: """
                INSERT INTO audit
                    (seq, time, origin, actor, verb, kind, name, outcome, gap, prev_hash, hash)
                VALUES (?, 0, 'api', '', 'update', '', '', 'accepted', 0, zeroblob(32), ?)
                """)
        for seq in 1...rows { try statement.execute(arguments: [seq, Data(hash(seq).bytes)]) }
    }

    private static func hash(_ seq: Int64) -> AuditHash { RFC6962.leaf(Array("\(seq)".utf8)) }
}

extension LedgerFixture {
    /// Returns the number of tiles of level 1.
    func tiles() async throws -> Int? {
        try await ledger.pool.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM tile WHERE level = 1")
        }
    }
}
