import ControlPlane
import Synchronization

/// Counts requests and writes.
///
/// The class uses a mutex instead of an actor, because event loops count each request and must not suspend.
package final class RequestMetrics: Sendable {
    /// The outcome of a write, as it appears in the metric's label.
    package enum WriteOutcome: String, CaseIterable, Sendable {
        case applied, held, unchanged, replayed, planned, refused, failed, unknown
    }

    private struct Key: Hashable {
        var route: String
        var method: String
    }

    private struct Statistics {
        /// The number of answers in each class of statuses. Index 0 counts statuses 1xx, and index 4 counts statuses
        /// 5xx.
        var statuses = [UInt64](repeating: 0, count: 5)
        var durations = Histogram(bounds: RequestMetrics.durationBounds)

        mutating func observe(_ status: Int, _ seconds: Double) {
            statuses[min(max(status / 100, 1), 5) - 1] += 1
            durations.observe(seconds)
        }
    }

    private struct State {
        var requests: [Key: Statistics] = [:]
        var writes: [WriteOutcome: UInt64] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts a request. `route` must be the pattern of the route, not the path of the request, so that the number of
    /// time series stays small.
    package func recordRequest(route: String?, method: String, status: Int, duration: Duration) {
        let key = Key(
            route: route ?? "none", method: Self.known.contains(method) ? method : "other")
        let value = duration.seconds
        state.withLock { state in
            state.requests[key, default: Statistics()].observe(status, value)
        }
    }

    package func recordWrite(_ outcome: WriteOutcome) {
        state.withLock { $0.writes[outcome, default: 0] += 1 }
    }

    package func write(to text: inout PrometheusText) {
        let snapshot = state.withLock { $0 }
        let requests = snapshot.requests.sorted {
            ($0.key.route, $0.key.method) < ($1.key.route, $1.key.method)
        }
        writeCounts(requests, to: &text)
        writeDurations(requests, to: &text)
        text.family("policy_server_writes_total", .counter, "Answered writes, by outcome.")
        for outcome in WriteOutcome.allCases {
            text.sample(
                "policy_server_writes_total", [("outcome", outcome.rawValue)],
                Double(snapshot.writes[outcome] ?? 0))
        }
    }

    private func writeCounts(
        _ requests: [(key: Key, value: Statistics)], to text: inout PrometheusText
    ) {
        let name = "policy_server_http_requests_total"
        text.family(name, .counter, "Answered requests, by route, method and status class.")
        for (key, statistics) in requests {
            for (index, count) in statistics.statuses.enumerated() where count > 0 {
                text.sample(
                    name,
                    [("route", key.route), ("method", key.method), ("status", "\(index + 1)xx")],
                    Double(count))
            }
        }
    }

    private func writeDurations(
        _ requests: [(key: Key, value: Statistics)], to text: inout PrometheusText
    ) {
        let name = "policy_server_http_request_duration_seconds"
        text.family(name, .histogram, "Seconds from the request's head to the end of the answer.")
        for (key, statistics) in requests {
            let labels = [(name: "route", value: key.route), (name: "method", value: key.method)]
            text.samples(name, labels, statistics.durations)
        }
    }

    /// The upper bounds of the buckets in seconds.
    private static let durationBounds: [Double] = [
        0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private static let known: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
    ]
}
