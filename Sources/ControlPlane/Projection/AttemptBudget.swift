/// How many rows of attempts each source may put into the ledger, so that nobody fills the disk with
/// requests that are refused. A token bucket for each source; what is over is counted. Pure.
package struct AttemptBudget: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Rows that a source may cause in a minute, in the long run.
        package var perMinute: Int
        /// Rows that a source which was quiet may cause at once.
        package var burst: Int
        /// Sources told apart; all others share one budget.
        package var sources: Int

        package init(perMinute: Int = 300, burst: Int = 1_000, sources: Int = 1_024) {
            self.perMinute = perMinute
            self.burst = burst
            self.sources = sources
        }
    }

    /// What was left out for one source since the last report.
    package struct Dropped: Sendable, Equatable {
        package var source: String
        package var count: Int
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
        var dropped = 0
    }

    /// The source of all those for whom there is no bucket of their own.
    static let others = "others"

    private let limits: Limits
    private var buckets: [String: Bucket] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether a row for `source` may be written now; counts it either way.
    package mutating func take(_ source: String, at now: ContinuousClock.Instant) -> Bool {
        let isKnown = buckets[source] != nil
        let key = isKnown || buckets.count < limits.sources ? source : Self.others
        var bucket = buckets[key] ?? Bucket(tokens: Double(limits.burst), filledAt: now)
        fill(&bucket, at: now)
        let isTaken = bucket.tokens >= 1
        if isTaken { bucket.tokens -= 1 } else { bucket.dropped += 1 }
        buckets[key] = bucket
        return isTaken
    }

    /// What was left out since the last report, by source; sources with a full budget are forgotten.
    package mutating func report(at now: ContinuousClock.Instant) -> [Dropped] {
        var report: [Dropped] = []
        for (source, old) in buckets {
            var bucket = old
            fill(&bucket, at: now)
            if bucket.dropped > 0 { report.append(Dropped(source: source, count: bucket.dropped)) }
            bucket.dropped = 0
            buckets[source] = bucket.tokens >= Double(limits.burst) ? nil : bucket
        }
        return report.sorted { $0.source < $1.source }
    }

    private func fill(_ bucket: inout Bucket, at now: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (now - bucket.filledAt).components
        let passed = Double(seconds) + Double(attoseconds) * 1e-18
        bucket.tokens = min(
            Double(limits.burst), bucket.tokens + passed * Double(limits.perMinute) / 60)
        bucket.filledAt = now
    }
}
