import Domain
import GRDB
import Store
import Testing

@Suite struct TamperingTests {
    @Test(arguments: [
        "UPDATE audit SET actor = 'x'",
        "UPDATE audit SET reason = NULL WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "INSERT INTO audit SELECT 9, time, revision, cluster_id, change_id, origin, actor, "
            + "client_address, request_id, reason, verb, kind, name, region, outcome, status, detail, "
            + "gap, before, after, prev_hash, hash FROM audit WHERE seq = 1",
    ])
    func theFileItselfRefusesToBeRewritten(sql: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(1), .sample(2), .sample(3)])
        let before = try await fixture.allRows()
        try await fixture.ledger.close()

        #expect(throws: DatabaseError.self) { try RawFile.execute(sql, in: fixture.path) }
        let ledger = try AuditLedger(path: fixture.path)
        #expect(try await ledger.rows(after: 0, limit: 10) == before)
    }

    @Test(arguments: [
        "time = time + 1", "revision = 99", "revision = NULL", "cluster_id = 'cdf818194e3a8c33'",
        "change_id = NULL", "origin = 'system'", "origin = 'martian'", "actor = actor || ' '",
        "client_address = '192.0.2.8'", "request_id = ''", "reason = 'ticket 43'",
        "verb = 'create'", "kind = 'Tier'", "name = 'other'", "region = ''", "outcome = 'failed'",
        "status = 201", "status = 200 + (1 << 32)", "detail = '{}'", "gap = 1", "gap = 2",
        "before = NULL", "before = replace(before, '1', '3')", "after = after || ' '",
        "before = NULL, after = after || ',\"before\":' || before",
        "prev_hash = zeroblob(32)", "prev_hash = x''", "hash = zeroblob(32)",
    ])
    func aChangedColumnIsFoundAndNamed(change: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...9).map(Projection.sample))
        let ledger = try await fixture.reopened(after: "UPDATE audit SET \(change) WHERE seq = 5")
        #expect(try await ledger.verifyChain()?.seq == 5)
    }

    @Test(arguments: [
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq < 3", 1),
        (
            """
            UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;
            UPDATE audit SET seq = 4 WHERE seq = 100
            """, 3
        ),
    ])
    func missingAndSwappedRowsAreFound(sql: String, firstBad: Int64) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...9).map(Projection.sample))
        let ledger = try await fixture.reopened(after: sql)
        #expect(try await ledger.verifyChain()?.seq == firstBad)
    }

    @Test func anUntouchedLedgerVerifies() async throws {
        let fixture = try await LedgerFixture()
        #expect(try await fixture.ledger.verifyChain() == nil)
        #expect(fixture.ledger.lastHash == .zero)
        var odd = AuditRecord.Draft.sample("quote \" slash \\ NUL \0 line \u{2028} 😀 é")
        odd.before = nil
        odd.after = #"{"text":"é \" \u0000"}"#
        try await fixture.ledger.record([odd, .sample()])

        let rows = try await fixture.allRows()
        #expect(rows.first?.previousHash == .zero)
        #expect(rows.first?.name == "quote \" slash \\ NUL \u{2400} line \u{2028} 😀 é")
        #expect(try await fixture.ledger.verifyChain() == nil)
    }
}
