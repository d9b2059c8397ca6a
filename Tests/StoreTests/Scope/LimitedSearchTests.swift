import Domain
import GRDB
import Testing

import Store

/// Compares the searches of a principal that is limited to regions with the same searches in a ledger that has no other
/// rows. They must give the same, so that a search shows nothing of the other rows.
@Suite struct LimitedSearchTests {
    static let regions = RowRegions { key, _ in
        key == "/calico/a" ? .some(["xyz-east"]) : .some(["xyz-east", "xyz-west"])
    }

    static let scopes = [
        AuditScope(regions: .some(["xyz-east"])),
        AuditScope(regions: .some(["xyz-east", "xyz-west"])),
        AuditScope(regions: .none),
        AuditScope(regions: .some(["xyz-west"]), kinds: ["NetworkPolicy": .all]),
        AuditScope(regions: .none, kinds: ["Subnet": .some(["xyz-east"])]),
    ]

    @Test(arguments: 1...4 as ClosedRange<UInt64>, scopes)
    func aSearchGivesWhatItGivesWithoutTheOtherRows(seed: UInt64, scope: AuditScope) async throws {
        var random = RandomLedger(seed: seed)
        let rows = random.rows(300)
        let visible = rows.filter {
            scope.covers(kind: $0.kind, Self.regions.touched(by: $0).regions)
        }
        let whole = try await LedgerFixture(regions: Self.regions)
        let part = try await LedgerFixture(regions: Self.regions)
        try await whole.ledger.record(rows)
        try await part.ledger.record(visible)
        let samples = try await whole.allRows()
        for number in 0..<40 {
            var filter = AuditFilter()
            if number > 2 { filter = random.filter(like: samples) }
            if number % 4 == 3 { filter.text = try AuditText(random.text()) }
            let order = AuditOrder.allCases[Int.random(in: 0...1, using: &random.generator)]
            let limit = Int.random(in: 1...40, using: &random.generator)
            let found = try await Self.walk(whole.ledger, filter, order, limit, scope)
            let expected = try await Self.walk(part.ledger, filter, order, limit, scope)
            #expect(found == expected, "\(filter) \(order) \(scope) seed \(seed)")
            let plain = visible.filter { draft in
                filter.matches(AuditRecord(seq: 0, entry: draft, previousHash: .zero, hash: .zero))
            }
            #expect(found.flatMap(\.rows).count == plain.count, "\(filter) seed \(seed)")
            let grouping = AuditGrouping.allCases[number % AuditGrouping.allCases.count]
            let counts = try await whole.ledger.groups(filter, by: grouping, within: scope)
            let others = try await part.ledger.groups(filter, by: grouping, within: scope)
            #expect(counts.groups == others.groups, "\(filter) \(grouping) seed \(seed)")
            #expect(counts.scanned == others.scanned, "\(filter) \(grouping) seed \(seed)")
        }
    }

    /// A page, without the numbers of rows.
    private struct Page: Equatable {
        var rows: [AuditRecord.Draft]
        var scanned: Int
        var isPartial: Bool
        var isLast: Bool
    }

    private static func walk(
        _ ledger: AuditLedger, _ filter: AuditFilter, _ order: AuditOrder, _ limit: Int,
        _ scope: AuditScope
    ) async throws -> [Page] {
        var pages: [Page] = []
        var cursor: AuditCursor?
        repeat {
            let page = try await ledger.query(
                filter, order: order, from: cursor, limit: limit, within: scope)
            pages.append(
                Page(
                    rows: page.records.map(\.entry), scanned: page.scanned,
                    isPartial: page.isPartial, isLast: page.next == nil))
            cursor = page.next
        } while cursor != nil
        return pages
    }

    @Test func aPageCostsNoWorkForRowsThatAreNotVisible() async throws {
        let fixture = try await LedgerFixture()
        let west = (Int64(1)...12_000).map { number in
            AuditRecord.Draft.sample("west", time: number, kind: "Region")
        }
        try await fixture.ledger.record(
            [.sample("east", time: 0, kind: "Region")] + west
                + [.sample("east", time: 20_000, kind: "Region")])
        let scope = AuditScope(regions: .some(["east"]))
        // The index of the kind has too many rows to skip. The list of the visible rows is read instead.
        for filter in [AuditFilter(), AuditFilter(kind: "Region"), AuditFilter(actor: "nobody")] {
            let page = try await fixture.ledger.query(filter, limit: 1, within: scope)
            #expect(page.scanned <= 2)
            #expect(!page.isPartial)
            #expect(page.records.map(\.seq) == (filter.actor == nil ? [12_002] : []))
        }
        let rest = try await fixture.ledger.query(
            AuditFilter(), from: AuditCursor(time: Timestamp(microseconds: 20_000), seq: 12_002),
            limit: 1, within: scope)
        #expect(rest.records.map(\.seq) == [1])
        #expect(rest.next == nil)
    }

    @Test func aRowIsReadOnlyByAPrincipalThatMaySeeIt() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([
            .sample("east", kind: "Region"), .sample("west", kind: "Region"),
            .sample("web", kind: "Subnet", region: "east"), .sample(kind: "AuditLog"),
        ])
        let scope = AuditScope(regions: .some(["east"]))
        let id = AuditRecord.Draft.sample().changeID ?? ""
        #expect(try await fixture.ledger.rows(changeID: id, within: scope).map(\.seq) == [1, 3])
        #expect(try await fixture.ledger.rows(changeID: id).count == 4)
        for seq in Int64(1)...5 {
            let row = try await fixture.ledger.record(seq: seq, within: scope)
            #expect((row != nil) == [1, 3].contains(seq))
        }
        let all = try await fixture.allRows()
        #expect(try await fixture.ledger.visible(all, within: scope).map(\.seq) == [1, 3])
    }
}
