/// Counts of observations by upper bound.
package struct Histogram: Sendable, Equatable {
    /// Seconds; a request answered within a bound is counted there.
    package static let durationBounds: [Double] = [
        0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private var buckets = [UInt64](repeating: 0, count: Histogram.durationBounds.count + 1)
    package private(set) var sum = 0.0

    package init() {}

    package var count: UInt64 { buckets.reduce(0, +) }

    package mutating func observe(_ value: Double) {
        let index = Self.durationBounds.firstIndex { value <= $0 } ?? Self.durationBounds.count
        buckets[index] += 1
        sum += value
    }

    /// Upper bounds with the number of observations at or below each, closing with infinity.
    package var cumulative: [(bound: Double, count: UInt64)] {
        var total: UInt64 = 0
        return zip(Self.durationBounds + [.infinity], buckets).map { bound, count in
            total += count
            return (bound, total)
        }
    }
}
