import Domain
import GRDB
import Testing

import Store

/// Checks SQLite's plan for each statement of a search. No statement may read more than it needs.
@Suite struct SearchPlanTests {
    @Test(arguments: AuditQueryTests.cases, AuditOrder.allCases)
    func aScanReadsOneIndexWithoutSorting(
        example: AuditQueryTests.Case, order: AuditOrder
    ) async throws {
        let fixture = try await LedgerFixture()
        let positions: [RowPosition?] = [nil, RowPosition(time: 5_000, seq: 5)]
        let leads: [SearchTerm?] = [nil] + example.filter.terms.filter { $0.index != nil }
        for (lead, position) in leads.flatMap({ lead in positions.map { (lead, $0) } }) {
            let range = SearchRange(example.filter, order: order, after: position)
            let others = example.filter.terms.filter { $0.index == nil || $0.index != lead?.index }
            for part in IndexScan.parts(lead: lead, others: others, range, group: "actor") {
                let plan = try await Self.plan(fixture, part.sql, part.values)
                #expect(plan.count == 1, "\(plan)")
                // Without a time and without a value to look up, the scan begins at an end of the index.
                let isOpen = lead == nil || lead?.index == CrossRegionRows.term.index
                let isWhole = isOpen && position == nil && !range.isBounded
                let method = isWhole ? "SCAN audit USING INDEX" : "SEARCH audit USING"
                #expect(plan.first?.hasPrefix(method) == true, "\(plan)")
            }
        }
    }

    @Test(arguments: AuditQueryTests.cases)
    func rowsAreCountedInAnIndexAlone(example: AuditQueryTests.Case) async throws {
        let fixture = try await LedgerFixture()
        let range = SearchRange(example.filter, order: .descending, after: nil)
        for term in example.filter.terms where term.index != nil {
            let (sql, values) = SearchLead.countSQL(term, range)
            let plan = try await Self.plan(fixture, sql, values + [10])
            // A term without a value repeats the condition of a partial index. SQLite does not test it again for each
            // row.
            let method = term.values.isEmpty ? "SCAN audit USING" : "SEARCH audit USING COVERING"
            #expect(plan.contains { $0.hasPrefix("\(method) INDEX") }, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP") }, "\(plan)")
        }
    }

    @Test(arguments: [
        SearchLead.keySQL, SearchLead.revisionSQL, Epochs.nextSQL,
        RowLists.networks.countSQL, RowLists.scopes.countSQL, NetworkIDs.holdingSQL,
        NetworkIDs.insideSQL,
        RowLists.networks.sql(.ascending), RowLists.networks.sql(.descending),
        RowLists.scopes.sql(.ascending), RowLists.scopes.sql(.descending), TextScan.firstSQL,
    ])
    func everyOtherStatementSearches(sql: String) async throws {
        let fixture = try await LedgerFixture()
        let count = sql.count { $0 == "?" }
        let plan = try await Self.plan(fixture, sql, Array(repeating: 1, count: count))
        #expect(
            plan.contains { $0.hasPrefix("SEARCH") } || sql == Epochs.nextSQL, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test(arguments: AuditOrder.allCases)
    func aTextSearchCoversARangeOfRowNumbers(order: AuditOrder) async throws {
        let fixture = try await LedgerFixture()
        let plan = try await Self.plan(fixture, TextScan.sql(order), ["a", 1, 2])
        // The text is FTS5's notation for its constraints: a match and both bounds.
        #expect(plan.count == 1)
        #expect(plan.first?.hasSuffix("><") == true, "\(plan)")
    }

    private static func plan(
        _ fixture: LedgerFixture, _ sql: String, _ values: [SQLValue]
    ) async throws -> [String] {
        try await fixture.ledger.pool.read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: StatementArguments(values)
            ).map { $0["detail"] as String }
        }
    }
}
