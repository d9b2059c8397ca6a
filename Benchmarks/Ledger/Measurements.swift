import Domain
import Store

/// Measured times in milliseconds.
struct Times {
    private let sorted: [Double]

    init(_ times: [Double]) { sorted = times.sorted() }

    /// Returns the time for which `percent` percent of the times are not longer.
    func percentile(_ percent: Int) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    func text(_ percent: Int) -> String {
        "\((percentile(percent) * 100).rounded() / 100) ms"
    }
}

/// Measures random searches of several kinds. Each search reads one page. A page has so few rows that the smaller
/// ledger fills it too.
enum SearchTimes {
    private static let page = 20

    typealias Result = (name: String, times: Times)
    typealias Kind = (name: String, filter: @Sendable (inout SplitMix64, Int) throws -> AuditFilter)

    static let kinds: [Kind] = [
        ("object", { random, _ in AuditFilter(name: .object(&random)) }),
        (
            "actor",
            { random, _ in
                let number = Int.random(in: 0..<SyntheticLedger.actors, using: &random)
                return AuditFilter(actor: SyntheticLedger.actor(number))
            }
        ),
        (
            "time range of an hour",
            { random, rows in
                let since = SyntheticLedger.time(Int.random(in: 1...rows, using: &random))
                return AuditFilter(
                    since: Timestamp(microseconds: since),
                    until: Timestamp(microseconds: since + 3_600_000_000))
            }
        ),
        (
            "change id",
            { random, rows in
                AuditFilter(
                    change: SyntheticLedger.change(Int.random(in: 1...rows, using: &random)))
            }
        ),
        (
            "CIDR of 24 bits",
            { random, _ in
                let object = Int.random(in: 0..<SyntheticLedger.objects, using: &random)
                return try .network(SyntheticLedger.network(object))
            }
        ),
        (
            "CIDR of 16 bits",
            { random, _ in
                try .network("10.\(Int.random(in: 0..<200, using: &random)).0.0/16")
            }
        ),
        ("CIDR of 8 bits", { _, _ in try .network("10.0.0.0/8") }),
        (
            "actor and CIDR of 8 bits",
            { random, _ in
                var filter = try AuditFilter.network("10.0.0.0/8")
                let number = Int.random(in: 0..<SyntheticLedger.actors, using: &random)
                filter.actor = SyntheticLedger.actor(number)
                return filter
            }
        ),
        (
            "two words",
            { random, _ in
                var filter = AuditFilter()
                filter.text = try AuditText("ingress \(String.object(&random))")
                return filter
            }
        ),
    ]

    static func measure(
        _ synthetic: SyntheticLedger, queries: Int
    ) async throws -> [Result] {
        var results: [Result] = []
        var random = SplitMix64(state: 2)
        for kind in kinds {
            var times: [Double] = []
            for _ in 0..<queries {
                let filter = try kind.filter(&random, synthetic.count)
                let start = ContinuousClock.now
                _ = try await synthetic.ledger.query(filter, limit: page)
                times.append(start.duration(to: .now).milliseconds)
            }
            results.append((kind.name, Times(times)))
        }
        return results
    }
}

/// Measures how fast rows are appended, by turns to an empty ledger and to a full ledger.
enum AppendRates {
    /// The numbers of rows in a transaction. Under load, a transaction has about one row for each client that
    /// writes at the same time.
    static let batches = [1, 8, 64]
    private static let rounds = 11
    private static let transactions = 20

    /// Returns the median rates of all rounds, in rows per second.
    static func measure(
        batch: Int, empty: inout SyntheticLedger, full: inout SyntheticLedger
    ) async throws -> (empty: Double, full: Double) {
        var rates: (empty: [Double], full: [Double]) = ([], [])
        for _ in 0..<rounds {
            rates.empty.append(try await rate(&empty, batch))
            rates.full.append(try await rate(&full, batch))
        }
        return (rates.empty.sorted()[rounds / 2], rates.full.sorted()[rounds / 2])
    }

    private static func rate(
        _ synthetic: inout SyntheticLedger, _ batch: Int
    ) async throws -> Double {
        let start = ContinuousClock.now
        for _ in 0..<transactions { try await synthetic.append(batch) }
        return Double(batch * transactions) / start.duration(to: .now).milliseconds * 1_000
    }
}

extension AuditFilter {
    fileprivate static func network(_ text: String) throws -> AuditFilter {
        var filter = AuditFilter()
        filter.network = AuditNetwork(try CIDR(parsing: text), .overlaps)
        return filter
    }
}

extension String {
    fileprivate static func object(_ random: inout SplitMix64) -> String {
        SyntheticLedger.name(Int.random(in: 0..<SyntheticLedger.objects, using: &random))
    }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
