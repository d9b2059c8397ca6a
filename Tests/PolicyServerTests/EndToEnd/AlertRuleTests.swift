import Foundation
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    struct AlertRuleTests {
        /// Metrics that a server shows only with the feature that they are about.
        private static let conditional: Set = [
            "policy_server_tls_certificate_not_after_seconds", "policy_server_tls_reload_failing",
        ]

        @Test(arguments: ["packaging/alerts.yml", "docs/failures.md"])
        func `alert rules use only metrics that the server has`(file: String) async throws {
            let used = Set(
                try Repository.text(file).matches(of: /policy_server_[a-z_]+/).map { String($0.0) })
            #expect(used.count > 5)
            try await TestApplication.with { server in
                let text = try await server.send(.get, "/metrics").text
                let known = Set(
                    text.matches(of: #/(?m)^# TYPE ([a-z_]+) /#).map { String($0.1) })
                #expect(used.subtracting(known).subtracting(Self.conditional) == [])
            }
        }

        @Test func `the table of alerts has the expressions of the rules`() throws {
            let rules = try Repository.text("packaging/alerts.yml")
            let page = try Repository.text("docs/failures.md")
            let start = try #require(page.range(of: "## What to watch")).upperBound
            let table = page[start...].prefix { $0 != "#" }
                .matches(of: #/(?m)^\| `([^`]+)`/#).map { String($0.1) }
            #expect(table.count > 5)
            for expression in table {
                // The table has one line for all parts, and each part has a rule.
                let isRule =
                    rules.contains("expr: \(expression)\n")
                    || rules.contains(
                        "expr: \(expression.replacing(" ==", with: "{part=\"etcd\"} =="))\n")
                #expect(isRule, "\(expression)")
            }
        }
    }
}
