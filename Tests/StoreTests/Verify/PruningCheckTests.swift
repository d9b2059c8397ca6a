import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

/// Rows may be missing only if a chained row confirms that the server pruned them.
@Suite struct PruningCheckTests {
    /// Erases rows and seals their hashes, like a forger who wants the tree to stay whole.
    private static func seal(_ tiles: ClosedRange<Int64>, of ledger: ProvenLedger) async throws {
        let queue = try DatabaseQueue(path: ledger.path)
        try await queue.write { db in
            try db.execute(sql: ProvenLedger.dropTriggers)
            try Sealing.seal(tiles.lowerBound..<tiles.upperBound + 1, in: db)
            let rows = tiles.lowerBound * 256 + 1...(tiles.upperBound + 1) * 256
            for table in ["audit", "audit_cidr"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE seq BETWEEN ? AND ?",
                    arguments: [rows.lowerBound, rows.upperBound])
            }
        }
        try queue.close()
    }

    @Test(arguments: [
        (0...0, "rows 1..256: their hashes are sealed, but no row says that they were pruned"),
        (1...1, "rows 257..512: their hashes are sealed, but no row says that they were pruned"),
        (0...1, "rows 1..512: their hashes are sealed, but no row says that they were pruned"),
    ])
    func rowsThatNobodyPrunedAreMissed(tiles: ClosedRange<Int64>, first: String) async throws {
        let ledger = try await ProvenLedger()
        try await Self.seal(tiles, of: ledger)
        let report = try await ledger.verify(
            key: ledger.key.verifier, outside: ledger.checkpoints)
        #expect(report.findings.first?.description == first)
        try RawFile.execute("INSERT INTO retention VALUES (1, 256, zeroblob(32))", in: ledger.path)
        #expect(try await ledger.verify().findings.map(\.description).contains(first))
    }

    /// Returns a ledger of 700 rows, of which the ledger itself has pruned the first 512.
    private static func pruned() async throws -> ProvenLedger {
        let ledger = try await ProvenLedger()
        let open = try AuditLedger(path: ledger.path)
        let pruned = try await open.prune(
            before: Timestamp(microseconds: 600), into: ledger.directory.file("segments"),
            now: Replica.now, version: "test")
        #expect(pruned?.rows == 1...512)
        try await open.close()
        return ledger
    }

    /// A row with an impossible number is reported, and does not count as evidence of pruning.
    @Test(arguments: [-5, Int64.max])
    func aRowOfAnImpossibleNumberSaysNothingOfPruning(seq: Int64) async throws {
        let ledger = try await ProvenLedger()
        try ledger.tamper(
            """
            UPDATE audit SET seq = \(seq), kind = 'Ledger', name = 'pruned', origin = 'system',
                detail = '{"to":9223372036854775552}' WHERE seq = 3
            """)
        let findings = try await ledger.verify().findings
        #expect(!findings.isEmpty)
        #expect(!findings.contains { $0.description.contains("were pruned") })
    }

    @Test func aPrunedLedgerVerifiesAndItsSealedHashesAreGuarded() async throws {
        let ledger = try await Self.pruned()
        let report = try await ledger.verify(
            key: ledger.key.verifier, outside: ledger.checkpoints)
        #expect(report.findings == [])
        #expect(report.pruned == 512)
        #expect(report.keys == [ledger.key.verifier])

        try ledger.tamper("UPDATE kept SET form = replace(form, 'test', 'tess')")
        #expect(try await ledger.verify().findings.first?.seq == 1)
        try RawFile.execute(
            "UPDATE kept SET form = replace(form, 'tess', 'test');"
                + "UPDATE sealed SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)",
            in: ledger.path)
        #expect(try await ledger.verify().findings.isEmpty == false)
    }

    @Test(arguments: [
        (
            "UPDATE retention SET pruned_through = 600",
            "rows 513..600: table retention says that rows up to 600 were pruned, but row 701 says up to 512"
        ),
        (
            "UPDATE retention SET pruned_through = 0",
            "rows 1..512: table retention says that rows up to 0 were pruned, but row 701 says up to 512"
        ),
        (
            "UPDATE retention SET hash = zeroblob(32)",
            "row 512: table retention and row 701 have different hashes of this row"
        ),
        (
            "DROP TRIGGER sealed_refuses_delete; DELETE FROM sealed WHERE tile = 0",
            "rows 1..256 are missing"
        ),
        (
            "INSERT INTO sealed VALUES (4611686018427387904, zeroblob(8192))",
            "row 513: its hash does not match its content"
        ),
        (
            "UPDATE audit SET seq = 9223372036854775807 WHERE seq = 700",
            "row 9223372036854775807: a row cannot have this number"
        ),
    ])
    func whatIsDoneToWhatPruningLeftIsFound(sql: String, found: String) async throws {
        let ledger = try await Self.pruned()
        let sealed = "INSERT INTO sealed VALUES (4611686018427387904, zeroblob(8192))"
        // A tile beyond every possible ledger is ignored and must not crash the verifier. A second change gives it
        // something to find.
        let also = sql == sealed ? "; UPDATE audit SET hash = zeroblob(32) WHERE seq = 513" : ""
        try ledger.tamper(sql + also)
        let findings = try await ledger.verify().findings.map(\.description)
        #expect(findings.contains(found), "\(findings)")
    }

    @Test func aSecondPruningTakesTheRowOfTheFirstAlong() async throws {
        let ledger = try await Self.pruned()
        let open = try AuditLedger(path: ledger.path)
        try await open.record((0..<400).map { .sample("later-\($0)") })
        let pruned = try await open.prune(
            before: Timestamp(microseconds: Replica.now.microseconds + 1),
            into: ledger.directory.file("segments"), now: Replica.now, version: "test")
        #expect(pruned?.rows == 513...1024)
        try await open.close()
        #expect(try await ledger.verify().findings == [])
    }

    @Test func aLedgerVerifiesWhileItIsPruned() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let key = SigningKey(name: "test")
        try await ledger.record([
            SigningKeyRow.draft(key.verifier, after: nil, time: Timestamp(microseconds: 1))
        ])
        try await ledger.record((1..<6000).map { .sample("row-\($0)", time: $0) })
        _ = try await ledger.makeCheckpoint(key, time: Replica.now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for cutoff in stride(from: Int64(300), through: 5700, by: 300) {
                    _ = try await ledger.prune(
                        before: Timestamp(microseconds: cutoff),
                        into: fixture.directory.file("segments"), now: Replica.now,
                        version: "test")
                }
            }
            for _ in 0..<12 {
                let report = try await LedgerVerifier(path: ledger.path).verify()
                #expect(report.findings == [])
            }
            try await group.waitForAll()
        }
    }
}
