import Domain
import GRDB
import TestSupport
import Testing

import Store

@Suite struct MigrationTests {
    /// The steps of the schema as they were released. Changing or moving a step breaks files in use.
    static let released = [
        "1 ledger", "2 record", "3 proof", "4 text", "5 keeping", "6 standing", "7 cross-region",
        "8 regions", "9 approval",
    ]

    @Test func releasedMigrationsNeverChange() {
        #expect(Array(Migrations.migrator.migrations.prefix(Self.released.count)) == Self.released)
        #expect(Migrations.schemaVersion == Migrations.migrator.migrations.count)
    }

    @Test func aFileOfTheFirstSchemaIsBroughtUpToDateWithItsRows() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let old = try DatabasePool(path: path)
        try Migrations.migrator.migrate(old, upTo: "1 ledger")
        try await old.write { db in
            try db.execute(
                sql: "INSERT INTO progress VALUES (1, ?, 0)", arguments: [LedgerFixture.cluster])
            try db.execute(sql: Self.firstRow)
        }
        try old.close()

        let ledger = try AuditLedger(path: path)
        #expect(try await ledger.record(seq: 1)?.name == "xyz-west")
        try await ledger.project([.sample(1)], clusterID: LedgerFixture.cluster)
        #expect(try await ledger.verifyChain() == nil)
        try await ledger.close()
        let version = try RawFile.integer("PRAGMA user_version", in: path)
        #expect(version == Migrations.schemaVersion)
    }

    /// A row as the first schema stored it. Its hash is the result of `sha256sum` for this text in one line:
    /// `{"actor":"root","gap":0,"kind":"Region","name":"xyz-west","origin":"system","outcome":"accepted",
    /// "prev_hash":"<64 zeros>","seq":1,"time":1700000000000000,"verb":"create"}`
    static let firstRow = """
        INSERT INTO audit (seq, time, origin, actor, verb, kind, name, outcome, gap, prev_hash, hash)
        VALUES (1, 1700000000000000, 'system', 'root', 'create', 'Region', 'xyz-west', 'accepted', 0,
            zeroblob(32), x'436013791738860f80158405979c661c5e54d68c1deec98c64585530eadd4f54')
        """
}
