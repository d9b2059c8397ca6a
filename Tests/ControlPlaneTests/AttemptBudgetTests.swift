import Testing

@testable import ControlPlane

@Suite struct AttemptBudgetTests {
    private static let start = ContinuousClock.now

    private static func budget(sources: Int = 10) -> AttemptBudget {
        AttemptBudget(limits: .init(perMinute: 60, burst: 3, sources: sources))
    }

    @Test("A quiet source may cause a burst, then one row a second, and what is over is counted")
    func burst() {
        var budget = Self.budget()
        let taken = (0..<10).filter { _ in budget.take("a", at: Self.start) }
        #expect(taken.count == 3)
        let second = Self.start + .seconds(1)
        let next = [budget.take("a", at: second), budget.take("a", at: second)]
        #expect(next == [true, false])
        let reports = [budget.report(at: second), budget.report(at: second)]
        #expect(reports == [[.init(source: "a", count: 8)], []])
        // A pause fills the budget up to a burst, not beyond.
        let later = Self.start + .seconds(1_000)
        let refilled = (0..<10).filter { _ in budget.take("a", at: later) }
        #expect(refilled.count == 3)
    }

    @Test("One source's flood leaves the others their budget")
    func apart() {
        var budget = Self.budget()
        for _ in 0..<100 { _ = budget.take("a", at: Self.start) }
        let other = budget.take("b", at: Self.start)
        #expect(other)
    }

    @Test("Sources beyond the number told apart share one budget, so that many cost no memory")
    func many() {
        var budget = Self.budget(sources: 5)
        let taken = (0..<1_000).filter { budget.take("source-\($0)", at: Self.start) }
        #expect(taken.count == 5 + 3)
        let report = budget.report(at: Self.start)
        #expect(report == [.init(source: "others", count: 1_000 - 8)])
        // Who has been quiet is forgotten, and the place is free.
        let later = Self.start + .seconds(10)
        _ = budget.report(at: later)
        for _ in 0..<10 { _ = budget.take("new", at: later) }
        let sources = budget.report(at: later).map(\.source)
        #expect(sources == ["new"])
    }
}
