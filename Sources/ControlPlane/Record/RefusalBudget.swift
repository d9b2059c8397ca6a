/// Limits the ledger rows about refused requests, so that nobody can fill the disk with them. Each source has a token
/// bucket. All sources together share a second bucket, because a client can invent any number of sources. Rows above the
/// limit are only counted.
package struct RefusalBudget: Sendable {
    package struct Limits: Sendable, Equatable {
        /// The number of rows per minute that a source may cause in the long run.
        package var perMinute: Int
        /// The number of rows that a quiet source may cause at once.
        package var burst: Int
        /// The largest number of sources with their own budget. All other sources share one budget.
        package var sources: Int
        /// The limits of all sources together, as a multiple of the limits of one source.
        package var together = 10

        package init(perMinute: Int = 300, burst: Int = 1_000, sources: Int = 1_024) {
            self.perMinute = perMinute
            self.burst = burst
            self.sources = sources
        }
    }

    /// The client that causes rows.
    package struct Source: Hashable, Comparable, Sendable {
        /// The network of the client; nil for a client that has proved its name, from whichever address.
        package var address: String?
        package var actor: String?

        package init(address: String?, actor: String?) {
            self.address = address
            self.actor = actor
        }

        /// The source that stands for all sources without a separate bucket, if there are too many sources.
        package static let others = Source(address: "others", actor: nil)

        package static func < (lhs: Source, rhs: Source) -> Bool {
            (lhs.address ?? "", lhs.actor ?? "") < (rhs.address ?? "", rhs.actor ?? "")
        }
    }

    /// The rows dropped for one source since the last report, counted by verb and outcome.
    package struct Dropped: Sendable, Equatable {
        package var source: Source
        package var counts: [String: Int]

        /// Creates the count of one source.
        package init(source: Source, counts: [String: Int]) {
            self.source = source
            self.counts = counts
        }

        package var count: Int { counts.values.reduce(0, +) }
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant

        /// Adds `perMinute` tokens for each minute since the last filling, up to `burst`.
        mutating func fill(to burst: Int, perMinute: Int, at now: ContinuousClock.Instant) {
            let passed = (now - filledAt).seconds
            tokens = min(Double(burst), tokens + passed * Double(perMinute) / 60)
            filledAt = now
        }
    }

    /// The number of sources that a report names. The other sources share one entry.
    package static let named = 20

    private let limits: Limits
    private var buckets: [Source: Bucket] = [:]
    private var all: Bucket?
    private var dropped: [Source: [String: Int]] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Returns true if a row of `kind` for `source` may be written now. Otherwise counts the row as dropped.
    package mutating func take(
        _ source: Source, _ kind: String, at now: ContinuousClock.Instant
    ) -> Bool {
        let key = key(source)
        var (own, all) = (filled(buckets[key], at: now), filledForAll(at: now))
        let isTaken = own.tokens >= 1 && all.tokens >= 1
        if isTaken {
            own.tokens -= 1
            all.tokens -= 1
        } else {
            dropped[key, default: [:]][kind, default: 0] += 1
        }
        (buckets[key], self.all) = (own, all)
        return isTaken
    }

    /// Adds one to the number of dropped rows, for a row that was within the budget but could not be written.
    package mutating func miss(_ source: Source, _ kind: String) {
        dropped[key(source), default: [:]][kind, default: 0] += 1
    }

    /// Returns the rows dropped since the last report, the largest count first. Forgets the sources whose buckets are
    /// full again.
    package mutating func report(at now: ContinuousClock.Instant) -> [Dropped] {
        let all = dropped.map { Dropped(source: $0.key, counts: $0.value) }.sorted {
            $0.count != $1.count ? $0.count > $1.count : $0.source < $1.source
        }
        dropped = [:]
        buckets = buckets.filter {
            filled($0.value, at: now).tokens < Double(limits.burst)
        }
        guard all.count > Self.named else { return all }
        var others = Dropped(source: .others, counts: [:])
        for entry in all.dropFirst(Self.named) {
            others.counts.merge(entry.counts, uniquingKeysWith: +)
        }
        return all.prefix(Self.named) + [others]
    }

    /// Restores the counts of a report that could not be recorded.
    package mutating func restore(_ report: [Dropped]) {
        for entry in report {
            dropped[key(entry.source), default: [:]].merge(entry.counts, uniquingKeysWith: +)
        }
    }

    /// Returns the source under which a row of `source` is counted. Returns `others` if `source` is new and there are
    /// already too many sources, and `source` otherwise.
    private func key(_ source: Source) -> Source {
        let isKnown = buckets[source] != nil || dropped[source] != nil
        return isKnown || max(buckets.count, dropped.count) < limits.sources ? source : .others
    }

    private func filled(_ bucket: Bucket?, at now: ContinuousClock.Instant) -> Bucket {
        var bucket = bucket ?? Bucket(tokens: Double(limits.burst), filledAt: now)
        bucket.fill(to: limits.burst, perMinute: limits.perMinute, at: now)
        return bucket
    }

    private func filledForAll(at now: ContinuousClock.Instant) -> Bucket {
        let burst = limits.burst * limits.together
        var bucket = all ?? Bucket(tokens: Double(burst), filledAt: now)
        bucket.fill(to: burst, perMinute: limits.perMinute * limits.together, at: now)
        return bucket
    }
}
