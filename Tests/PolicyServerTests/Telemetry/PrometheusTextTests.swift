import ControlPlane
import PolicyServer
import Testing

/// Tests the text format (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusTextTests {
    @Test func `a family has help, type and samples`() {
        var text = PrometheusText()
        text.family("x_total", .counter, "Things\nwith \\ and \"quotes\".")
        text.sample("x_total", [("route", "/a/{b}"), ("q", "a\"b\\c\nd")], 3)
        text.single("y", .gauge, "Y.", 0.5)
        #expect(
            text.text == """
                # HELP x_total Things\\nwith \\\\ and "quotes".
                # TYPE x_total counter
                x_total{route="/a/{b}",q="a\\"b\\\\c\\nd"} 3
                # HELP y Y.
                # TYPE y gauge
                y 0.5

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (-1, "-1"), (1e18, "1000000000000000000"), (0.000_5, "0.0005"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func `numbers are written as Prometheus reads them`(_ value: Double, _ expected: String) {
        var text = PrometheusText()
        text.sample("x", [], value)
        #expect(text.text == "x \(expected)\n")
    }

    @Test func `a histogram counts at or below each bound`() {
        var histogram = Histogram(bounds: [0.000_5, 0.001, 5, 10])
        for value in [0.000_5, 0.000_6, 3, 100] { histogram.observe(value) }
        let counts = histogram.cumulative
        #expect(counts.first?.count == 1)
        #expect(counts.first { $0.bound == 0.001 }?.count == 2)
        #expect(counts.first { $0.bound == 5 }?.count == 3)
        #expect(counts.last?.bound == .infinity)
        #expect(counts.last?.count == 4)
        #expect(histogram.count == 4)
        #expect(histogram.sum == 103.0011)
    }

    @Test func `requests are counted by route, method and class, and odd methods together`() {
        let metrics = RequestMetrics()
        metrics.recordRequest(route: "/a", method: "GET", status: 200, duration: .milliseconds(2))
        metrics.recordRequest(route: "/a", method: "GET", status: 204, duration: .milliseconds(2))
        metrics.recordRequest(route: nil, method: "BREW", status: 501, duration: .milliseconds(2))
        metrics.recordWrite(.applied)
        var text = PrometheusText()
        metrics.write(to: &text)
        let lines = text.text.split(separator: "\n")
        let name = "policy_server_http_requests_total"
        #expect(lines.contains(#"\#(name){route="/a",method="GET",status="2xx"} 2"#))
        #expect(lines.contains(#"\#(name){route="none",method="other",status="5xx"} 1"#))
        #expect(lines.contains(#"policy_server_writes_total{outcome="applied"} 1"#))
        #expect(lines.contains(#"policy_server_writes_total{outcome="refused"} 0"#))
        let duration = "policy_server_http_request_duration_seconds"
        #expect(lines.contains(#"\#(duration)_bucket{route="/a",method="GET",le="0.0025"} 2"#))
        #expect(lines.contains(#"\#(duration)_count{route="/a",method="GET"} 2"#))
    }
}
