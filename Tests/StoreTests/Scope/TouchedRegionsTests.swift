import Dispatch
import Domain
import GRDB
import Synchronization
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

    private static func scopes(_ ledger: AuditLedger) async throws -> Int? {
        try await ledger.reading { try Int.fetchOne($0, sql: "SELECT count(*) FROM scope") }
    }

    /// A refused request by an author of region west.
    private static func refusal(_ region: String, time: Int64) -> AuditRecord.Draft {
        var row = AuditRecord.Draft.sample(region, time: time, kind: "Region")
        (row.outcome, row.revision, row.epoch) = (.refused, nil, nil)
        row.detail = #"{"detail":"x","scope":{"regions":["west"]}}"#
        return row
    }

    @Test func aRefusalAddsNoSetForARegionThatIsInvented() async throws {
        let fixture = try await LedgerFixture(regions: RowRegions(key: { "/region/" + $0 }))
        let east = AuditedObject(
            key: "/region/east", kind: "Region", name: "east", modRevision: 1, value: "{}")
        try await fixture.project([
            Projection(
                revision: 1, rows: [.sample("east", time: 1, kind: "Region")],
                objects: [.put(east)])
        ])
        let rows = (Int64(1)...50).map { Self.refusal("invented-\($0)", time: $0) }
        try await fixture.ledger.record(
            rows + [Self.refusal("east", time: 51), Self.refusal("west", time: 52)])
        // The sets are all regions, east, east with west, and west.
        #expect(try await Self.scopes(fixture.ledger) == 4)
        let both = AuditScope(regions: .some(["east", "west", "invented-1"]))
        let seen = try await fixture.ledger.query(AuditFilter(), limit: 100, within: both)
        #expect(seen.records.map(\.name) == ["west", "east", "east"])
        #expect(try await fixture.ledger.query(AuditFilter(), limit: 100).records.count == 53)
    }

    @Test func aFullTableTakesNoFurtherSets() async throws {
        let fixture = try await LedgerFixture()
        let ledger = try await fixture.reopened(
            after: """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                INSERT INTO scope (kind, regions) SELECT 'Region', '["r' || i || '"]' FROM n;
                """)
        try await ledger.record([
            .sample("east", time: 1, kind: "Region"), .sample("r7", time: 2, kind: "Region"),
            .sample("more", time: 3, kind: "Region"),
        ])
        // The further row is that of all regions.
        #expect(try await Self.scopes(ledger) == 20_001)
        let known = AuditScope(regions: .some(["r7", "east", "more"]))
        let seen = try await ledger.query(AuditFilter(), limit: 10, within: known)
        #expect(seen.records.map(\.name) == ["r7"])
        #expect(try await ledger.query(AuditFilter(), limit: 10).records.count == 3)
    }

    @Test func aSearchSeesASetThatIsNewSinceTheLastSearch() async throws {
        let fixture = try await LedgerFixture()
        for time in Int64(1)...3 {
            try await fixture.ledger.record([
                .sample("east", time: time, kind: time == 2 ? "Subnet" : "Region", region: "east")
            ])
            #expect(try await Self.count(fixture.ledger) == Int(time))
        }
    }

    /// All other writes wait for a transaction, so a row's documents are read before the transaction.
    @Test func otherRowsAreWrittenWhileTheRegionsOfARowAreComputed() async throws {
        let gate = DispatchSemaphore(value: 0)
        let hasBegun = Mutex(false)
        let wasOpened = Mutex(false)
        let regions = RowRegions { _, _ in
            hasBegun.withLock { $0 = true }
            let result = gate.wait(timeout: .now() + .seconds(60))
            wasOpened.withLock { $0 = result == .success }
            return .all
        }
        let fixture = try await LedgerFixture(regions: regions)
        var slow = AuditRecord.Draft.sample(time: 1)
        (slow.key, slow.after) = ("/calico/a", "{}")
        let row = slow
        async let first: Void = fixture.ledger.record([row])
        try await eventually("the regions are being computed") { hasBegun.withLock { $0 } }
        try await fixture.ledger.record([.sample("east", time: 2, kind: "Region")])
        gate.signal()
        try await first
        #expect(wasOpened.withLock { $0 })
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
