import CoreMetrics
import PolicyServer
import Testing

struct LibraryMetricsTests {
    private func text(_ metrics: LibraryMetrics) -> String {
        var text = PrometheusText()
        metrics.write(to: &text)
        return text.text
    }

    @Test func `shows nothing until a library reports`() {
        #expect(text(LibraryMetrics()) == "")
    }

    @Test func `shows counters, gauges, recorders and timers of libraries`() {
        let metrics = LibraryMetrics()
        let counter = Counter(label: "pool.hits", dimensions: [("host", "a\"b")], factory: metrics)
        counter.increment(by: 2)
        counter.increment()
        Gauge(label: "pool.size", factory: metrics).record(7)
        let recorder = Recorder(label: "batch", factory: metrics)
        recorder.record(3)
        recorder.record(4)
        Timer(label: "wait", factory: metrics).recordMilliseconds(250)
        #expect(
            text(metrics) == """
                # HELP batch Reported by a library.
                # TYPE batch summary
                batch_sum 7
                batch_count 2
                # HELP pool_hits_total Reported by a library.
                # TYPE pool_hits_total counter
                pool_hits_total{host="a\\"b"} 3
                # HELP pool_size Reported by a library.
                # TYPE pool_size gauge
                pool_size 7
                # HELP wait_seconds Reported by a library.
                # TYPE wait_seconds summary
                wait_seconds_sum 0.25
                wait_seconds_count 1

                """)
    }

    @Test func `the same name and labels are one series`() {
        let metrics = LibraryMetrics()
        for _ in 0..<3 { Counter(label: "x", factory: metrics).increment() }
        #expect(text(metrics).contains("x_total 3\n"))
    }

    @Test func `bounds the number of series and counts the rest`() {
        let metrics = LibraryMetrics(maximum: 2)
        for index in 0..<5 {
            Counter(label: "x", dimensions: [("peer", "\(index)")], factory: metrics).increment()
        }
        let text = text(metrics)
        #expect(text.contains(#"x_total{peer="1"} 1"#))
        #expect(!text.contains(#"peer="2""#))
        #expect(text.contains("policy_server_library_metrics_refused_total 3\n"))
    }

    @Test func `a released series makes room for another`() {
        let metrics = LibraryMetrics(maximum: 1)
        let first = Counter(label: "a", factory: metrics)
        first.destroy()
        Counter(label: "b", factory: metrics).increment()
        #expect(text(metrics).contains("b_total 1\n"))
        #expect(!text(metrics).contains("a_total"))
    }

    @Test(arguments: ["policy.server.info", "process-start-time-seconds"])
    func `a library cannot use the names of this server`(_ label: String) {
        let metrics = LibraryMetrics()
        Gauge(label: label, factory: metrics).record(1)
        let text = text(metrics)
        #expect(!text.contains("Reported by a library."))
        #expect(text.contains("refused_total 1\n"))
    }

    @Test func `one name has one type`() {
        let metrics = LibraryMetrics()
        Gauge(label: "x", factory: metrics).record(1)
        Recorder(label: "x", dimensions: [("a", "b")], factory: metrics).record(1)
        Recorder(label: "x", factory: metrics).record(1)
        #expect(text(metrics).contains("# TYPE x gauge\nx 1\n"))
        #expect(text(metrics).contains("refused_total 2\n"))
        #expect(!text(metrics).contains("summary"))
    }
}
