import ControlPlane
import Testing

@Suite struct RefusalBudgetTests {
    private static let start = ContinuousClock.now

    private static func budget(sources: Int = 10) -> RefusalBudget {
        RefusalBudget(limits: .init(perMinute: 60, burst: 3, sources: sources))
    }

    private static func source(_ actor: String) -> RefusalBudget.Source {
        RefusalBudget.Source(address: "127.0.0.1", actor: actor)
    }

    private static func take(
        _ budget: inout RefusalBudget, _ actor: String, _ times: Int = 1,
        at now: ContinuousClock.Instant
    ) -> Int {
        (0..<times).filter { _ in budget.take(source(actor), "update refused", at: now) }.count
    }

    private static func dropped(_ actor: String, _ count: Int) -> RefusalBudget.Dropped {
        .init(source: source(actor), counts: ["update refused": count])
    }

    @Test(
        "A quiet source may write a burst of rows, then one a second; rows above that are counted")
    func burst() {
        var budget = Self.budget()
        let taken = Self.take(&budget, "a", 10, at: Self.start)
        #expect(taken == 3)
        let second = Self.start + .seconds(1)
        let next = [
            Self.take(&budget, "a", at: second), Self.take(&budget, "a", at: second),
        ]
        #expect(next == [1, 0])
        let reports = [budget.report(at: second), budget.report(at: second)]
        #expect(reports == [[Self.dropped("a", 8)], []])
        // A pause refills the budget up to the burst, but not further.
        let refilled = Self.take(&budget, "a", 10, at: Self.start + .seconds(1_000))
        #expect(refilled == 3)
    }

    @Test("One actor's flood leaves the others at the same address their budget")
    func apart() {
        var budget = Self.budget()
        let flood = Self.take(&budget, "a", 100, at: Self.start)
        let other = Self.take(&budget, "b", at: Self.start)
        #expect((flood, other) == (3, 1))
    }

    @Test(
        "A client that changes its name with every request meets the limit of all sources together")
    func together() {
        var budget = Self.budget(sources: 1_000)
        let taken = (0..<500).reduce(0) { $0 + Self.take(&budget, "actor-\($1)", at: Self.start) }
        #expect(taken == 30)
        let report = budget.report(at: Self.start)
        #expect(report.count == RefusalBudget.named + 1)
        #expect(report.last?.source == .others)
        #expect(report.reduce(0) { $0 + $1.count } == 470)
    }

    @Test("Sources beyond the number told apart share one budget, so that many cost no memory")
    func many() {
        var budget = Self.budget(sources: 5)
        let taken = (0..<1_000).reduce(0) { $0 + Self.take(&budget, "actor-\($1)", at: Self.start) }
        #expect(taken == 5 + 3)
        let report = budget.report(at: Self.start)
        #expect(report == [.init(source: .others, counts: ["update refused": 1_000 - 8])])
        // A source that has been quiet is forgotten, so another source can get a budget.
        let later = Self.start + .seconds(10)
        _ = budget.report(at: later)
        _ = Self.take(&budget, "new", 10, at: later)
        let sources = budget.report(at: later).map(\.source)
        #expect(sources == [Self.source("new")])
    }

    @Test("Counts that could not be reported are in the next report")
    func restored() {
        var budget = Self.budget()
        _ = Self.take(&budget, "a", 5, at: Self.start)
        budget.restore(budget.report(at: Self.start))
        budget.miss(Self.source("a"), "delete failed")
        let report = budget.report(at: Self.start)
        #expect(
            report == [
                .init(source: Self.source("a"), counts: ["update refused": 2, "delete failed": 1])
            ])
    }
}
