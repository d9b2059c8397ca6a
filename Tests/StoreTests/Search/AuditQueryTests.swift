import Domain
import GRDB
import Testing

import Store

@Suite struct AuditQueryTests {
    /// Twelve rows that differ in every filter. Row n has the time 1000 * n.
    static let rows: [AuditRecord.Draft] = (1...12).map { (number: Int64) in
        let isOdd = !number.isMultiple(of: 2)
        var draft = AuditRecord.Draft.sample(
            "name-\(number % 4)", time: number * 1000, kind: isOdd ? "Subnet" : "Region",
            region: number % 3 == 0 ? nil : "region-\(number % 3)")
        draft.actor = "actor-\(number % 3)"
        draft.origin = AuditRecord.Origin.allCases[Int(number) % 3]
        draft.verb = AuditRecord.Verb.allCases[Int(number) % 4]
        draft.outcome = AuditRecord.Outcome.allCases[Int(number) % 3]
        draft.changeID = isOdd ? "change-\(number)" : nil
        return draft
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let filter: AuditFilter
        let seqs: [Int64]
        let testDescription: String

        init(_ testDescription: String, _ filter: AuditFilter, _ seqs: [Int64]) {
            self.filter = filter
            self.seqs = seqs
            self.testDescription = testDescription
        }
    }

    static let cases: [Case] = [
        Case("nothing", AuditFilter(), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        Case("kind", AuditFilter(kind: "Region"), [12, 10, 8, 6, 4, 2]),
        Case("no CrossRegionPolicy", AuditFilter(kind: "CrossRegionPolicy"), []),
        Case("name", AuditFilter(name: "name-3"), [11, 7, 3]),
        Case("region", AuditFilter(region: "region-1"), [10, 7, 4, 1]),
        Case("actor", AuditFilter(actor: "actor-2"), [11, 8, 5, 2]),
        Case("origin", AuditFilter(origin: .external), [10, 7, 4, 1]),
        Case("verb", AuditFilter(verb: .observe), [11, 7, 3]),
        Case("accepted", AuditFilter(outcome: .accepted), [12, 9, 6, 3]),
        Case("refused", AuditFilter(outcome: .refused), [10, 7, 4, 1]),
        Case("change", AuditFilter(change: "change-5"), [5]),
        Case("since", AuditFilter(since: .init(microseconds: 11_000)), [12, 11]),
        Case("until", AuditFilter(until: .init(microseconds: 3_000)), [2, 1]),
        Case(
            "since and until",
            AuditFilter(since: .init(microseconds: 3_000), until: .init(microseconds: 6_000)),
            [5, 4, 3]),
        Case("kind and name", AuditFilter(kind: "Subnet", name: "name-1"), [9, 5, 1]),
        Case("kind and region", AuditFilter(kind: "Region", region: "region-1"), [10, 4]),
        Case(
            "all at once",
            AuditFilter(
                kind: "Subnet", name: "name-1", region: "region-2", actor: "actor-2",
                origin: .system, verb: .update, outcome: .failed, change: "change-5",
                since: .init(microseconds: 5_000), until: .init(microseconds: 5_001)), [5]),
        Case("no such name", AuditFilter(name: "name-9"), []),
        Case(
            "empty time", AuditFilter(since: .init(microseconds: 9), until: .init(microseconds: 9)),
            []),
        Case("a quote", AuditFilter(actor: "' OR 1=1 --"), []),
    ]

    @Test(arguments: cases)
    func aFilterGivesItsRowsNewestFirst(example: Case) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(Self.rows)
        let page = try await fixture.ledger.query(example.filter, limit: 100)
        #expect(page.records.map(\.seq) == example.seqs)
        #expect(page.next == nil)
    }

    @Test(arguments: cases, [1, 2, 5])
    func pagesJoinToTheWhole(example: Case, limit: Int) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(Self.rows)
        var seqs: [Int64] = []
        var cursor: AuditCursor?
        repeat {
            let page = try await fixture.ledger.query(example.filter, from: cursor, limit: limit)
            #expect(page.records.count <= limit)
            seqs += page.records.map(\.seq)
            cursor = page.next
        } while cursor != nil
        #expect(seqs == example.seqs)
    }

    @Test func pagingIsStableWhileRowsAreAppended() async throws {
        let fixture = try await LedgerFixture()
        // Ten rows have the same time, so that borders of pages fall between equal times.
        let count: Int64 = 300
        try await fixture.ledger.record((1...count).map { .sample("old", time: $0 / 10) })
        var seqs: [Int64] = []
        var cursor: AuditCursor?
        repeat {
            let page = try await fixture.ledger.query(AuditFilter(), from: cursor, limit: 7)
            seqs += page.records.map(\.seq)
            cursor = page.next
            try await fixture.ledger.record([.sample("new", time: 1_000_000)])
        } while cursor != nil
        #expect(seqs == Array((1...count).reversed()))
    }

    @Test func aRowWrittenLateIsListedByItsOwnTime() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([
            .sample(time: 30), .sample(time: 10), .sample(time: 20), .sample(time: 20),
        ])
        let page = try await fixture.ledger.query(AuditFilter(), limit: 10)
        #expect(page.records.map(\.seq) == [1, 4, 3, 2])
        let since = AuditFilter(since: .init(microseconds: 20), until: .init(microseconds: 30))
        #expect(try await fixture.ledger.query(since, limit: 10).records.map(\.seq) == [4, 3])
    }

    @Test func aChangeAndARowAreFoundByTheirNumbers() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record(Self.rows + [Self.rows[0]])
        #expect(try await fixture.ledger.rows(changeID: "change-1").map(\.seq) == [1, 13])
        #expect(try await fixture.ledger.rows(changeID: "none").isEmpty)
        #expect(try await fixture.ledger.record(seq: 7)?.entry == Self.rows[6])
        #expect(try await fixture.ledger.record(seq: 99) == nil)
    }

    @Test func aCursorSurvivesItsTextForm() {
        let cursor = AuditCursor(time: .init(microseconds: -5), seq: 42)
        #expect(AuditCursor(cursor.description) == cursor)
        #expect(AuditCursor(AuditCursor(seq: 42).description) == AuditCursor(seq: 42))
        for text in ["", "1", "1.", ".1", "1.2.3", "a.b", "s", "s-", "1.99999999999999999999"] {
            #expect(AuditCursor(text) == nil, "\(text)")
        }
    }
}
