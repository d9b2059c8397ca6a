package import CoreMetrics
import Synchronization

/// Collects the metrics that libraries report through swift-metrics. `/metrics` shows them.
///
/// The server's own metrics do not use this class: most of them are computed on request, and their names, help texts
/// and order must stay as documented. Libraries choose their labels freely. The number of series is therefore limited,
/// so that labels with addresses or paths cannot fill the memory.
package final class LibraryMetrics: MetricsFactory {
    /// The instance that `install()` passes to swift-metrics.
    package static let shared = LibraryMetrics()

    /// The maximum number of series of all libraries together. This is enough for ten libraries with some tens of
    /// series each. More than a thousand lines would make every scrape slow.
    package static let maximumSeries = 1_000

    private struct State {
        var series: [Series.Key: Series] = [:]
        var refused: UInt64 = 0
    }

    // A mutex is used instead of an actor, because libraries create and release their metrics in synchronous code.
    private let state = Mutex(State())
    private let maximum: Int

    package init(maximum: Int = LibraryMetrics.maximumSeries) { self.maximum = maximum }

    /// Makes swift-metrics report to `shared`. Must be called only once, by the program, because a second call is
    /// fatal.
    static func install() { MetricsSystem.bootstrap(shared) }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(.counter, label, dimensions) ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        series(aggregate ? .summary : .gauge, label, dimensions) ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(.summary, label + "_seconds", dimensions) ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// Writes all series, sorted by name, and then the number of refused series.
    package func write(to text: inout PrometheusText) {
        let (all, refused) = state.withLock { (Array($0.series.values), $0.refused) }
        let sorted = all.sorted { ($0.key.name, $0.key.order) < ($1.key.name, $1.key.order) }
        var last: String?
        for series in sorted {
            if series.key.name != last {
                text.family(series.key.name, series.kind, "Reported by a library.")
                last = series.key.name
            }
            series.write(to: &text)
        }
        if refused > 0 {
            text.single(
                "policy_server_library_metrics_refused_total", .counter,
                "Library metrics that are not shown, because there are too many or their names are taken.",
                Double(refused))
        }
    }

    /// Returns the series with this name and these labels. Creates a missing series. Returns nil if the name is taken
    /// or the maximum number of series is reached.
    private func series(
        _ kind: PrometheusText.Kind, _ label: String, _ dimensions: [(String, String)]
    ) -> Series? {
        let key = Series.Key(kind, label, dimensions)
        return state.withLock { state in
            if let known = state.series[key], known.kind == kind { return known }
            // A name is taken if it has a prefix of this server, or if a series of another type has the name. In
            // Prometheus' format, all series of a name must have the same type.
            let isTaken =
                key.name.hasPrefix("policy_server_") || key.name.hasPrefix("process_")
                || state.series.values.contains { $0.key.name == key.name && $0.kind != kind }
            guard state.series.count < maximum, !isTaken else {
                state.refused += 1
                return nil
            }
            let series = Series(kind, key)
            state.series[key] = series
            return series
        }
    }

    private func remove(_ handler: AnyObject) {
        guard let series = handler as? Series else { return }
        state.withLock { _ = $0.series.removeValue(forKey: series.key) }
    }
}

/// One series: a metric of a library, with one combination of labels.
private final class Series: CounterHandler, RecorderHandler, TimerHandler {
    struct Key: Hashable {
        let name: String
        private let labelNames: [String]
        private let labelValues: [String]

        init(_ kind: PrometheusText.Kind, _ label: String, _ dimensions: [(String, String)]) {
            let name = Self.legal(label)
            self.name = kind == .counter && !name.hasSuffix("_total") ? name + "_total" : name
            labelNames = dimensions.map { Self.legal($0.0) }
            labelValues = dimensions.map { String($0.1.prefix(128)) }
        }

        var labels: [(name: String, value: String)] {
            zip(labelNames, labelValues).map { (name: $0, value: $1) }
        }

        var order: String { labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }

        /// Returns `text` with illegal characters replaced, as the name of a metric or label. A legal name consists of
        /// letters, digits and `_`, and does not begin with a digit
        /// (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels).
        private static func legal(_ text: String) -> String {
            let bytes = text.utf8.prefix(128).map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    byte
                default: UInt8(ascii: "_")
                }
            }
            let name = String(decoding: bytes, as: UTF8.self)
            return name.first.map { $0.isNumber } ?? true ? "_" + name : name
        }
    }

    let kind: PrometheusText.Kind
    let key: Key
    private let state = Mutex<(count: UInt64, value: Double)>((0, 0))

    init(_ kind: PrometheusText.Kind, _ key: Key) {
        self.kind = kind
        self.key = key
    }

    func increment(by amount: Int64) { state.withLock { $0.value += Double(amount) } }

    func reset() { state.withLock { $0 = (0, 0) } }

    func record(_ value: Int64) { record(Double(value)) }

    /// Replaces the value of a gauge, or adds `value` to the sum of a summary.
    func record(_ value: Double) {
        let isGauge = kind == .gauge
        state.withLock { $0 = ($0.count + 1, isGauge ? value : $0.value + value) }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }

    func write(to text: inout PrometheusText) {
        let (count, value) = state.withLock { $0 }
        guard kind == .summary else { return text.sample(key.name, key.labels, value) }
        text.sample(key.name + "_sum", key.labels, value)
        text.sample(key.name + "_count", key.labels, Double(count))
    }
}
