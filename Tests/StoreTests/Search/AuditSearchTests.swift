import Domain
import Testing

import Store

/// Compares searches with a plain filter over all rows.
@Suite struct AuditSearchTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func everyFilterGivesWhatAPlainOneDoesInPagesThatJoin(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var random = RandomLedger(seed: seed)
        try await fixture.ledger.record(random.rows(300))
        let rows = try await fixture.allRows()
        for _ in 0..<60 {
            let filter = random.filter(like: rows)
            let order = AuditOrder.allCases[Int.random(in: 0...1, using: &random.generator)]
            let limit = Int.random(in: 1...40, using: &random.generator)
            let cost = Int.random(in: 1...400, using: &random.generator)
            let found = try await Self.walk(fixture.ledger, filter, order, limit, cost)
            #expect(found == Self.expected(rows, filter, order), "\(filter) \(order) seed \(seed)")
        }
    }

    /// A search is recorded in a row too, which contains the words of the search.
    @Test func aSearchDoesNotFindTheSearchesBeforeIt() async throws {
        let fixture = try await LedgerFixture()
        var search = AuditRecord.Draft.sample("/v1/audit", time: 7, kind: "AuditLog")
        search.verb = .read
        search.detail = #"{"query":"q=needle","format":"json"}"#
        var change = AuditRecord.Draft.sample(time: 5)
        change.after = #"{"spec":"needle"}"#
        try await fixture.ledger.record([change, search])
        func found(_ change: (inout AuditFilter) -> Void = { _ in }) async throws -> [Int64] {
            var filter = AuditFilter()
            filter.text = try AuditText("needle")
            change(&filter)
            let rows = try await fixture.ledger.query(filter, limit: 10).records
            #expect(rows == (try await fixture.allRows()).filter(filter.matches))
            return rows.map(\.seq)
        }
        #expect(try await found() == [1])
        #expect(try await found { $0.verb = .read } == [2])
        #expect(try await found { $0.kind = "AuditLog" } == [2])
    }

    @Test func aRevisionIsFoundInEveryEpoch() async throws {
        let fixture = try await LedgerFixture()
        let rows = ([nil, -3, 0, 1, 7] as [Int64?]).map { epoch in
            var row = AuditRecord.Draft.sample(time: 5)
            row.epoch = epoch
            return row
        }
        try await fixture.ledger.record(rows)
        var filter = AuditFilter()
        filter.revision = 5
        let found = try await fixture.ledger.query(filter, order: .ascending, from: nil, limit: 10)
        #expect(found.records.count == rows.count)
    }

    @Test(arguments: ["1.5", "0.0", "-1.5", "-2147483648.9"])
    func aPositionSurvivesItsTextForm(text: String) {
        #expect(HistoryPosition(text)?.description == text)
    }

    @Test(arguments: ["1", "+1.5", "1.-5", "01.5", "1.5.6", ".", ""])
    func textThatIsNotAPositionIsRefused(text: String) { #expect(HistoryPosition(text) == nil) }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func wordsAreFoundWhereAPlainComparisonFindsThem(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var random = RandomLedger(seed: seed)
        try await fixture.ledger.record(random.rows(300))
        let rows = try await fixture.allRows()
        for _ in 0..<40 {
            var filter = AuditFilter()
            if Bool.random(using: &random.generator) { filter = random.filter(like: rows) }
            let text = random.text()
            filter.text = try AuditText(text)
            let order = AuditOrder.allCases[Int.random(in: 0...1, using: &random.generator)]
            let limit = Int.random(in: 1...40, using: &random.generator)
            var found: [Int64] = []
            var cursor: AuditCursor?
            repeat {
                let page = try await fixture.ledger.query(
                    filter, order: order, from: cursor, limit: limit)
                found += page.records.map(\.seq)
                cursor = page.next
            } while cursor != nil
            let expected = rows.filter(filter.matches).map(\.seq)
            #expect(
                found == (order == .ascending ? expected : expected.reversed()),
                "\(text) \(filter) seed \(seed)")
        }
    }

    @Test(arguments: AuditGrouping.allCases)
    func groupsAreCountedUnderTheSameFilters(grouping: AuditGrouping) async throws {
        let fixture = try await LedgerFixture()
        var random = RandomLedger(seed: 7)
        try await fixture.ledger.record(random.rows(300))
        let rows = try await fixture.allRows()
        for _ in 0..<20 {
            let filter = random.filter(like: rows)
            var counts: [String?: Int] = [:]
            var cursor: AuditCursor?
            var budget = AuditSearch.Budget(cost: 50)
            budget.groups = 3
            repeat {
                let (start, limits) = (cursor, budget)
                let part = try await fixture.ledger.reading { db in
                    try AuditSearch(db, filter, order: .descending, from: start)
                        .groups(by: grouping, limits)
                }
                for group in part.groups { counts[group.key, default: 0] += group.count }
                #expect(part.groups.count <= 3)
                cursor = part.next
            } while cursor != nil
            let expected = Dictionary(grouping: rows.filter(filter.matches), by: grouping.key)
            #expect(counts == expected.mapValues(\.count), "\(filter)")
        }
    }

    @Test func aSearchThatFindsLittleStopsAndSaysSo() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record((1...100).map { .sample(time: $0) })
        var filter = AuditFilter()
        filter.userAgent = "nobody"
        let asked = filter
        let page = try await fixture.ledger.reading { db in
            try AuditSearch(db, asked, order: .descending, from: nil)
                .page(limit: 10, AuditSearch.Budget(cost: 30))
        }
        #expect(page.records.isEmpty)
        #expect(page.isPartial)
        #expect(page.scanned == 30)
        #expect(page.next == AuditCursor(time: Timestamp(microseconds: 71), seq: 71))
        let rest = try await fixture.ledger.query(filter, from: page.next, limit: 10)
        #expect(rest == AuditPage(records: [], next: nil, scanned: 70))
    }

    @Test func aPageEndsWhenItsTextIsLong() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(
            (Int64(1)...5).map { number in
                var row = AuditRecord.Draft.sample(time: number)
                row.after = "\"" + String(repeating: "x", count: 5 << 20) + "\""
                return row
            })
        var sizes: [Int] = []
        var cursor: AuditCursor?
        repeat {
            let page = try await fixture.ledger.query(AuditFilter(), from: cursor, limit: 10)
            #expect(page.isPartial == (page.next != nil))
            sizes.append(page.records.count)
            cursor = page.next
        } while cursor != nil
        #expect(sizes == [2, 2, 1])
        let rows = try await fixture.ledger.rows(after: 0, limit: 10, bytes: 8 << 20)
        #expect(rows.map(\.seq) == [1, 2])
        #expect(try await fixture.ledger.rows(after: 4, limit: 10, bytes: 1).map(\.seq) == [5])
    }

    @Test func manyNetworksAreFoundAlongTheTimes() async throws {
        let fixture = try await LedgerFixture()
        let count = SearchLead.maximumNetworks + 10
        try await fixture.ledger.record(
            (0..<count).map { number in
                var row = AuditRecord.Draft.sample(time: Int64(number))
                row.cidrs = #"["10.\#(number / 256).\#(number % 256).0/24"]"#
                return row
            })
        var filter = AuditFilter()
        filter.network = AuditNetwork(try CIDR(parsing: "10.0.0.0/8"), .within)
        let found = try await Self.walk(fixture.ledger, filter, .descending, 100, 1_000)
        #expect(found.count == count)
    }

    /// Returns the numbers of all rows, page by page.
    private static func walk(
        _ ledger: AuditLedger, _ filter: AuditFilter, _ order: AuditOrder, _ limit: Int, _ cost: Int
    ) async throws -> [Int64] {
        var found: [Int64] = []
        var cursor: AuditCursor?
        repeat {
            let start = cursor
            let page = try await ledger.reading { db in
                try AuditSearch(db, filter, order: order, from: start)
                    .page(limit: limit, AuditSearch.Budget(cost: cost))
            }
            #expect(page.records.count <= limit)
            #expect(page.scanned <= cost + 1)
            #expect(page.isPartial == (page.next != nil && page.records.count < limit))
            found += page.records.map(\.seq)
            cursor = page.next
        } while cursor != nil
        return found
    }

    private static func expected(
        _ rows: [AuditRecord], _ filter: AuditFilter, _ order: AuditOrder
    ) -> [Int64] {
        let sorted = rows.filter(filter.matches).sorted {
            ($0.time.microseconds, $0.seq) < ($1.time.microseconds, $1.seq)
        }
        return (order == .ascending ? sorted : sorted.reversed()).map(\.seq)
    }
}
