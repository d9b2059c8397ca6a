import Domain
import GRDB
import TestSupport
import Testing

import Store

/// Rows about CrossRegionPolicies, which earlier versions recorded as GlobalNetworkPolicies.
@Suite struct CrossRegionRowTests {
    private static let source = #"{"kind":"CrossRegionPolicy","spec":{"order":ORDER}}"#

    /// Returns a stored policy with a source of this order.
    private static func stored(_ order: Int) -> String {
        let source = source.replacing("ORDER", with: "\(order)").replacing("\"", with: "\\\"")
        return #"{"metadata":{"annotations":{"policyserver/source":"\#(source)"}},"spec":{}}"#
    }

    private static func row(
        _ time: Int64, kind: String, _ before: String?, _ after: String?
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft.sample("web", time: time, kind: kind)
        (row.before, row.after) = (before, after)
        return row
    }

    /// A row of an earlier version, a new row, a row that removes the source, a row of an ordinary policy, and a row
    /// of a set.
    private static let rows = [
        row(1, kind: "GlobalNetworkPolicy", nil, stored(1)),
        row(2, kind: "CrossRegionPolicy", stored(1), stored(2)),
        row(3, kind: "GlobalNetworkPolicy", stored(2), #"{"spec":{}}"#),
        row(4, kind: "GlobalNetworkPolicy", nil, #"{"spec":{"x":"policyserver/source"}}"#),
        row(5, kind: "GlobalNetworkSet", nil, stored(1)),
    ]

    @Test(arguments: AuditOrder.allCases)
    func searchByKindFindsExactlyTheCrossRegionRows(order: AuditOrder) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(Self.rows)
        let filter = AuditFilter(kind: "CrossRegionPolicy")
        let page = try await fixture.ledger.query(filter, order: order, from: nil, limit: 10)
        #expect(page.records.map(\.seq).sorted() == [1, 2, 3])
        #expect(page.scanned == 3, "by an index")
        let all = try await fixture.allRows()
        #expect(all.filter(filter.matches).map(\.seq) == [1, 2, 3])
        let calico = AuditFilter(kind: "GlobalNetworkPolicy")
        let stored = try await fixture.ledger.query(calico, limit: 10)
        #expect(stored.records.map(\.seq) == [4, 3, 1], "as they were recorded")
        #expect(try await fixture.ledger.verifyChain() == nil)
    }

    @Test(
        arguments: [("/spec/order", [2]), ("/spec", [2]), ("/spec/allow", [])]
            as [(String, [Int64])])
    func aFieldIsOneOfWhatWasWrittenToo(pointer: String, seqs: [Int64]) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([Self.rows[1]].map { row in row })
        var filter = AuditFilter(kind: "CrossRegionPolicy")
        filter.field = AuditField(pointer: pointer)
        let page = try await fixture.ledger.query(filter, limit: 10)
        #expect(page.records.map(\.time.microseconds) == seqs)
    }

    @Test func aLedgerOfAnEarlierVersionKeepsItsRowsAndHashesAndIsSearchedAlike() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let ledger = try AuditLedger(path: path)
        try await ledger.record(Self.rows)
        let before = try await ledger.rows(after: 0, limit: 10)
        try await ledger.close()
        try RawFile.execute(
            """
            DROP INDEX audit_by_cross_region; PRAGMA user_version = 6;
            DELETE FROM grdb_migrations WHERE identifier = '7 cross-region'
            """, in: path)
        let again = try AuditLedger(path: path)
        let page = try await again.query(AuditFilter(kind: "CrossRegionPolicy"), limit: 10)
        #expect(page.records.map(\.seq) == [3, 2, 1])
        #expect(try await again.rows(after: 0, limit: 10) == before)
        #expect(try await again.verifyChain() == nil)
    }

    @Test func twoLedgersThatCallItDifferentlyTellTheSame() {
        let new = Self.rows[1]
        var old = new
        old.kind = "GlobalNetworkPolicy"
        #expect(RowDifference.first(old, new) == nil)
        old.name = "other"
        #expect(RowDifference.first(old, new)?.name == "name")
    }
}
