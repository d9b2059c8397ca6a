import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

/// Every change of the file is found, and the first bad row is named.
@Suite struct VerifierTests {
    @Test func anUntouchedLedgerVerifies() async throws {
        let ledger = try await ProvenLedger()
        let report = try await ledger.verify(
            key: ledger.key.verifier, outside: ledger.checkpoints)
        #expect(report.findings == [])
        #expect(report.size == ProvenLedger.size)
        #expect(report.checkpoints == 2)
        #expect(report.root != nil)
    }

    @Test func oneByteOfAnyColumnIsFoundAtItsRow() async throws {
        let whole = try await ProvenLedger()
        let copy = whole.directory.file("copy.sqlite")
        let columns = try await DatabaseQueue(path: whole.path).read { db in
            try Row.fetchAll(db, sql: "PRAGMA table_info(audit)").map {
                (name: $0["name"] as String, type: $0["type"] as String)
            }
        }
        #expect(columns.count == 38)
        for column in columns {
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: whole.path, toPath: copy)
            try Self.flip(column.name, type: column.type, in: copy)
            let report = try await LedgerVerifier(path: copy).verify()
            #expect(report.findings.first?.seq == ProvenLedger.middle, "\(column.name)")
            let kind: LedgerFinding.Kind = column.name == "seq" ? .missing : .row
            #expect(report.findings.first?.kind == kind, "\(column.name)")
        }
    }

    /// Changes one bit of the column in the middle row. A NULL in the column makes the test fail.
    private static func flip(_ column: String, type: String, in path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(sql: ProvenLedger.dropTriggers)
            let select = "SELECT \(column) FROM audit WHERE seq = \(ProvenLedger.middle)"
            let row = try #require(try Row.fetchOne(db, sql: select))
            let update = "UPDATE audit SET \(column) = ? WHERE seq = \(ProvenLedger.middle)"
            switch (row[0] as DatabaseValue).storage {
            case .int64(let number):
                // A number nearby belongs to another row, so SQLite would refuse the change.
                let bit: Int64 = column == "seq" ? 1 << 40 : 1
                try db.execute(sql: update, arguments: [number ^ bit])
            case .string(let text):
                var bytes = Array(text.utf8)
                bytes[bytes.count / 2] ^= 1
                let changed = "UPDATE audit SET \(column) = CAST(? AS TEXT) WHERE seq = "
                try db.execute(
                    sql: changed + "\(ProvenLedger.middle)", arguments: [Data(bytes)])
            case .blob(var data):
                data[data.startIndex + 5] ^= 1
                try db.execute(sql: update, arguments: [data])
            default: Issue.record("column \(column) is NULL")
            }
        }
        try queue.close()
    }

    @Test(arguments: [
        // Deleted rows: one row, several rows, the first row.
        ("DELETE FROM audit WHERE seq = 350", "row 350 is missing"),
        ("DELETE FROM audit WHERE seq BETWEEN 200 AND 300", "rows 200..300 are missing"),
        ("DELETE FROM audit WHERE seq = 1", "row 1 is missing"),
        // Two rows are swapped.
        (
            """
            UPDATE audit SET seq = 999 WHERE seq = 350; UPDATE audit SET seq = 350 WHERE seq = 351;
            UPDATE audit SET seq = 351 WHERE seq = 999;
            """, "row 350: its hash does not match its content"
        ),
        // The last rows are cut off. Tiles and checkpoints are left.
        (
            "DELETE FROM audit WHERE seq > 500; DELETE FROM audit_cidr WHERE seq > 500",
            "rows 501..600 are missing: the checkpoint of 600 rows shows that they existed"
        ),
        (
            "DELETE FROM audit WHERE seq > 500; DELETE FROM checkpoint",
            "rows 501..700 are missing: table audit_cidr shows that they existed"
        ),
        (
            """
            DELETE FROM audit WHERE seq > 500; DELETE FROM checkpoint;
            DELETE FROM audit_cidr WHERE seq > 500
            """,
            "rows 501..512 are missing: tile 1/1 shows that they existed"
        ),
        // The hash of a row is changed.
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 700",
            "row 700: its hash does not match its content"
        ),
        // A row has an impossible number.
        ("UPDATE audit SET seq = -5 WHERE seq = 700", "row -5: a row cannot have this number"),
        // The tables that are derived from the rows are changed.
        ("DELETE FROM tile WHERE idx = 1", "rows 257..512: tile 1/1 over them is missing"),
        ("UPDATE tile SET hash = zeroblob(32)", "rows 1..256: tile 1/0 does not match these rows"),
        (
            "DELETE FROM audit_cidr WHERE seq = 350",
            "row 350: table audit_cidr contradicts this row's column cidrs"
        ),
        (
            "UPDATE cidr SET last = zeroblob(16) WHERE family = 128",
            "row 2: table audit_cidr contradicts this row's column cidrs"
        ),
        (
            "UPDATE audit_cidr SET time = time + 1 WHERE seq = 300",
            "row 300: table audit_cidr contradicts this row's column cidrs"
        ),
        // The checkpoints are changed.
        (
            "UPDATE checkpoint SET note = replace(note, 'test', 'tess') WHERE size = 600",
            "rows 301..600: the checkpoint of 600 rows is not signed by the key that was in use when it was made"
        ),
        (
            "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 300",
            "rows 1..300: the checkpoint of 300 rows in the file is damaged"
        ),
        (
            "UPDATE identity SET ledger = 'other'",
            "rows 1..300: the checkpoint of 300 rows belongs to another ledger, policy-server/"
        ),
    ])
    func whatIsDoneToTheFileIsFound(sql: String, first: String) async throws {
        let ledger = try await ProvenLedger()
        try ledger.tamper(sql)
        let finding = try await ledger.verify().findings.first
        #expect(finding?.description.hasPrefix(first) == true, "\(String(describing: finding))")
    }

    /// An index that leaves out a row hides the row from a search for its actor.
    @Test func anIndexThatHidesARowIsFound() async throws {
        let ledger = try await ProvenLedger()
        let name = try RawFile.integer(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'audit_by_actor'", in: ledger.path)
        let url = URL(fileURLWithPath: ledger.path)
        var bytes = try Data(contentsOf: url)
        let page = (try #require(name) - 1) * 4096
        let actor = try #require(
            bytes.range(of: Data("anonymous@192.0.2.7".utf8), in: page..<bytes.count))
        bytes[actor.lowerBound] = UInt8(ascii: "A")
        try bytes.write(to: url)
        let report = try await ledger.verify()
        #expect(report.findings.first?.reason.contains("audit_by_actor") == true)
    }

    @Test func anOlderCopyOfTheFileIsDetectedByANewerCheckpoint() async throws {
        let ledger = try await ProvenLedger()
        let backup = try await YesterdaysFile(of: ledger, rows: 280)
        let verifier = LedgerVerifier(
            path: backup.path,
            outside: ledger.checkpoints.map { OutsideCheckpoint(source: "etcd", signed: $0) })
        #expect(try await LedgerVerifier(path: backup.path).verify().findings == [])
        #expect(
            try await verifier.verify().findings.map(\.description) == [
                "rows 281..600 are missing: the checkpoint of 600 rows from etcd shows that they existed"
            ])
    }

    /// Somebody without the key rewrites the whole file, with all hashes and tiles.
    @Test func aRewrittenLedgerIsFoundByItsCheckpoints() async throws {
        let key = SigningKey(name: "test")
        let honest = try await ProvenLedger(key: key)
        let forged = try await ProvenLedger(key: key) { $0.actor = "mallory" }
        try forged.tamper(
            """
            ATTACH '\(honest.path)' AS honest;
            UPDATE identity SET ledger = (SELECT ledger FROM honest.identity);
            DELETE FROM checkpoint; INSERT INTO checkpoint SELECT * FROM honest.checkpoint;
            """)
        let report = try await forged.verify()
        #expect(
            report.findings.first?.description
                == "rows 301..600: the checkpoint of 600 rows was signed for different rows")

        try RawFile.execute("DELETE FROM checkpoint", in: forged.path)
        #expect(try await forged.verify().findings == [])
        let found = try await forged.verify(outside: honest.checkpoints).findings.first
        #expect(
            found?.description
                == "rows 1..600: the checkpoint of 600 rows from a copy was signed for different rows"
        )
    }

    @Test func aReplacedKeyIsFoundAtTheRowThatNamesIt() async throws {
        let ledger = try await ProvenLedger()
        let other = SigningKey(name: "test").verifier
        let found = try await ledger.verify(key: other).findings.first
        #expect(found?.seq == 1)
        #expect(found?.reason.contains(other.hexID) == true)
    }

    @Test func checkpointsOfAnotherKeyAreFoundWhoeverNamesIt() async throws {
        let ledger = try await ProvenLedger()
        let thief = SigningKey(name: "test")
        let forged = try SignedCheckpoint(ledger.checkpoints[1].checkpoint, signedBy: thief)
        try ledger.tamper(
            "UPDATE checkpoint SET note = '\(forged.text)' WHERE size = 600")
        let found = try await ledger.verify().findings.first
        #expect(
            found?.description
                == "rows 301..600: the checkpoint of 600 rows is not signed by the key that was in use when it was made"
        )
    }

    @Test func aFileIsReadWhereItLiesAndNothingIsLeftBesideIt() async throws {
        let ledger = try await ProvenLedger()
        let before = try FileManager.default.contentsOfDirectory(atPath: ledger.directory.path)
        #expect(try await ledger.verify().findings == [])
        let after = try FileManager.default.contentsOfDirectory(atPath: ledger.directory.path)
        #expect(Set(before) == Set(after))
    }

    @Test func aLedgerVerifiesWhileItIsWritten() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await ledger.record((0..<600).map { .sample("row-\($0)") })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<40 {
                    try await ledger.record((0..<50).map { .sample("row-\(number)-\($0)") })
                }
            }
            for _ in 0..<5 {
                let report = try await LedgerVerifier(path: ledger.path).verify()
                #expect(report.findings == [])
                #expect(report.size >= 600)
            }
            try await group.waitForAll()
        }
    }

    @Test func verificationRefusesAFileThatIsNotALedger() async throws {
        let directory = try TemporaryDirectory()
        let missing = await #expect(throws: StoreError.self) {
            _ = try await LedgerVerifier(path: directory.file("none")).verify()
        }
        #expect(missing?.code == .cannotOpen)
        try RawFile.execute("CREATE TABLE theirs (x)", in: directory.file("theirs"))
        let other = await #expect(throws: StoreError.self) {
            _ = try await LedgerVerifier(path: directory.file("theirs")).verify()
        }
        #expect(other?.code == .notALedger)
    }

    @Test func anEmptyLedgerVerifies() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.close()
        let report = try await LedgerVerifier(path: fixture.path).verify()
        #expect(report.findings == [])
        #expect(report.size == 0)
    }
}

/// The file at a time when it had fewer rows, tiles and checkpoints.
private struct YesterdaysFile {
    let directory: TemporaryDirectory
    var path: String { directory.file("audit.sqlite") }

    init(of ledger: ProvenLedger, rows: Int64) async throws {
        directory = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: ledger.path, toPath: directory.file("audit.sqlite"))
        try RawFile.execute(
            ProvenLedger.dropTriggers + """
                DELETE FROM audit WHERE seq > \(rows); DELETE FROM audit_cidr WHERE seq > \(rows);
                DELETE FROM checkpoint WHERE size > \(rows);
                DELETE FROM tile WHERE (idx + 1) * 256 > \(rows);
                """, in: directory.file("audit.sqlite"))
    }
}
