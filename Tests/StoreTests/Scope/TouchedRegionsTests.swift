import Domain
import GRDB
import TestSupport
import Testing

import Store

/// Tests of the table that lists the regions of each row.
@Suite struct TouchedRegionsTests {
    private static let east = AuditScope(regions: .some(["east"]))

    @Test func aFileOfTheLastSchemaIsListedInTheBackground() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(
            (Int64(1)...600).map {
                .sample($0 % 2 == 0 ? "east" : "west", time: $0, kind: "Region")
            })
        let rows = try await fixture.allRows()
        let ledger = try await fixture.reopened(after: Self.lastSchema)
        #expect(try await Self.count(ledger) == 0)
        // A new row is listed at once.
        try await ledger.record([.sample("east", time: 601, kind: "Region")])
        #expect(try await Self.count(ledger) == 1)
        #expect(try await ledger.verifyChain() == nil)
        try await ledger.keepRegions(pause: .zero)
        #expect(try await Self.count(ledger) == 301)
        #expect(try await ledger.verifyChain() == nil)
        // The rows and their hashes are the same as before.
        #expect(try await ledger.rows(after: 0, limit: 600) == rows)
        try await ledger.keepRegions(pause: .zero)
        #expect(try await Self.count(ledger) == 301)
    }

    @Test func aRowThatTheTableLacksIsFound() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record((Int64(1)...9).map { .sample(time: $0) })
        let ledger = try await fixture.reopened(
            after: "DELETE FROM audit_scope WHERE seq IN (4, 6)")
        let finding = try await ledger.verifyChain()
        #expect(finding?.seq == 4)
        #expect((finding.map { "\($0)" } ?? "").contains("audit_scope"))
    }

    @Test func prunedRowsLeaveNoEntries() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record((Int64(1)...600).map { .sample(time: $0) })
        let pruned = try await fixture.ledger.prune(
            before: Timestamp(microseconds: 600), into: fixture.directory.file("segments"),
            now: Timestamp(microseconds: 601), version: "test")
        #expect(pruned?.rows == 1...512)
        let (rows, entries) = try await fixture.ledger.reading { db in
            (
                try Int.fetchOne(db, sql: "SELECT count(*) FROM audit"),
                try Int.fetchOne(db, sql: "SELECT count(*) FROM audit_scope")
            )
        }
        #expect(rows == entries)
        #expect(try await fixture.ledger.verifyChain() == nil)
    }

    private static func count(_ ledger: AuditLedger) async throws -> Int {
        try await ledger.query(AuditFilter(), limit: 1_000, within: east).records.count
    }

    /// Takes the file back to the schema before the table.
    private static let lastSchema = """
        DROP TABLE audit_scope; DROP TABLE scope; DROP TABLE scope_progress;
        DELETE FROM grdb_migrations WHERE identifier = '8 regions'; PRAGMA user_version = 7;
        """
}
