/// The pauses between attempts that fail: each twice as long as the one before, up to a limit.
package struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    /// Attempts that share one pause; there is none between them.
    private let attemptsPerRound: Int

    /// Failures since the last `reset`.
    package private(set) var failures = 0

    package init(first: Duration, limit: Duration) {
        self.init(first: first, limit: limit, attemptsPerRound: 1)
    }

    private init(first: Duration, limit: Duration, attemptsPerRound: Int) {
        self.first = first
        self.limit = limit
        self.attemptsPerRound = max(1, attemptsPerRound)
    }

    /// The pauses of a client that tries every one of its endpoints before it pauses.
    package static func betweenRounds(of endpoints: Int) -> Backoff {
        Backoff(first: .milliseconds(25), limit: .milliseconds(250), attemptsPerRound: endpoints)
    }

    /// Counts a failure and returns the pause before the next attempt.
    ///
    /// A quarter of the pause is random, so that servers which failed at the same moment do not try again at the same
    /// moment.
    package mutating func next() -> Duration {
        failures += 1
        guard failures >= attemptsPerRound else { return .zero }
        let doublings = min(failures / attemptsPerRound - 1, 20)
        return min(first * (1 << doublings), limit) * Double.random(in: 0.75...1)
    }

    /// Starts again from the first pause, after a success.
    package mutating func reset() { failures = 0 }
}
