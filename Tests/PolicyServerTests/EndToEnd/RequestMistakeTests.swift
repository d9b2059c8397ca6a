import Documents
import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that every row of the table of requests in `docs/mistakes.md` states the actual answer.
    struct RequestMistakeTests {
        struct Row: Sendable {
            let mistake: String
            let method: String
            let target: String
            let headers: [(String, String)]
            let body: String?
            let status: Int
            let text: String

            /// Returns nil if the line is not a row of the table.
            init?(_ line: Substring) {
                let cells = line.split(separator: " | ", omittingEmptySubsequences: false)
                guard cells.count == 4, cells[0].hasPrefix("| "), cells[1].hasPrefix("`") else {
                    return nil
                }
                mistake = String(cells[0].dropFirst(2))
                let spans = cells[1].split(separator: "`").filter { $0 != ", " }
                let request = spans[0].split(separator: " ", maxSplits: 1)
                guard request.count == 2 else { return nil }
                (method, target) = (String(request[0]), String(request[1]))
                headers = spans.dropFirst().map { span in
                    let parts = span.split(separator: ": ", maxSplits: 1)
                    return (String(parts[0]), String(parts[1]))
                }
                let written = String(cells[2].dropFirst().dropLast())
                    .replacing("\\n", with: "\n").replacing("\\t", with: "\t")
                    .replacing("\\uFEFF", with: "\u{FEFF}")
                body = cells[2] == "–" ? nil : written
                let answer = cells[3].split(separator: ": ", maxSplits: 1)
                guard answer.count == 2, let status = Int(answer[0].filter { $0 != "`" }),
                    answer[1].hasSuffix(" |")
                else { return nil }
                self.status = status
                text = String(answer[1].dropLast(2))
            }
        }

        static let rows: [Row] = {
            let page = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../docs/mistakes.md")
            let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap(Row.init)
        }()

        @Test func `every row of the page states the actual answer`() async throws {
            #expect(Self.rows.count >= 20)
            try await TestApplication.with { server in
                for region in ["west", "east"] {
                    try await server.send(.put, "/v1/regions/\(region)", "{}")
                }
                for row in Self.rows {
                    let isTyped = row.headers.contains { $0.0 == "Content-Type" }
                    let answer = try await server.send(
                        HTTPRequest.Method(row.method) ?? .get, row.target, row.body,
                        type: isTyped ? nil : "application/yaml", row.headers)
                    #expect(answer.status == row.status, "\(row.mistake)")
                    let warning = answer.json["warnings"]?.arrayValue?.first
                    let said =
                        warning.map { warning in
                            [warning["rule"], warning["message"]].compactMap { $0?.stringValue }
                                .joined(separator: ": ")
                        } ?? answer.json["detail"]?.stringValue
                    #expect(said == row.text, "\(row.mistake)")
                }
            }
        }

        @Test func `every answer in JSON ends with a line break`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                let policy = """
                    {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",\
                    "metadata":{"name":"web"},"spec":{"selector":"has(a)"}}
                    """
                var answers = [
                    try await server.send(.put, "/v1/policies/web", policy),
                    try await server.send(.put, "/v1/policies/web?dryRun=true", policy),
                    try await server.send(.put, "/v1/policies/web", "{"),
                    try await server.send(.put, "/v1/policies/web", "{}"),
                    try await server.send(.post, "/v1/apply", "[]"),
                ]
                for target in [
                    "/v1/regions", "/v1/regions/west", "/v1/policies", "/v1/audit", "/v1/export",
                    "/v1/audit/checkpoint", "/v1/holds", "/readyz", "/livez", "/v1/none",
                    "/v1/audit?since=x", "/v1/regions/none", "/v1/audit?group_by=actor",
                ] {
                    answers.append(
                        try await server.send(.get, target, [("Accept", "application/json")]))
                }
                for answer in answers where answer["Content-Type"]?.contains("json") == true {
                    #expect(answer.text.hasSuffix("\n"), "\(answer.text)")
                }
                #expect(answers.count { $0["Content-Type"] == "application/problem+json" } >= 6)
            }
        }
    }
}
