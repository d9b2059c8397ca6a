/// Computes the pauses after failed attempts. The pause doubles with each round of attempts, up to a limit.
package struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    /// The number of attempts in one round. The first round has no pauses between its attempts. The pause doubles with
    /// each further round.
    private let attemptsPerRound: Int

    /// The number of failures since the last `reset`.
    package private(set) var failures = 0

    package init(first: Duration, limit: Duration) {
        self.init(first: first, limit: limit, attemptsPerRound: 1)
    }

    private init(first: Duration, limit: Duration, attemptsPerRound: Int) {
        self.first = first
        self.limit = limit
        self.attemptsPerRound = max(1, attemptsPerRound)
    }

    /// Returns a backoff for a client that tries all its endpoints before the first pause.
    ///
    /// - Parameter endpoints: The number of endpoints.
    package static func betweenRounds(of endpoints: Int) -> Backoff {
        Backoff(first: .milliseconds(25), limit: .milliseconds(250), attemptsPerRound: endpoints)
    }

    /// Counts a failure and returns the pause before the next attempt.
    ///
    /// The pause is shortened at random by up to a quarter, so that clients that failed at the same moment try again at
    /// different moments.
    package mutating func next() -> Duration {
        failures += 1
        guard failures >= attemptsPerRound else { return .zero }
        // The bound keeps the shift from overflowing after many failures.
        let doublings = min(failures / attemptsPerRound - 1, 20)
        return min(first * (1 << doublings), limit) * Double.random(in: 0.75...1)
    }

    /// Resets the number of failures after a success, so that the pauses become short again.
    package mutating func reset() { failures = 0 }
}
