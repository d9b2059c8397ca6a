import ControlPlane
import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    struct OperationsTests {
        @Test func `the server describes itself`() async throws {
            try await TestApplication.with { server in
                #expect(try await server.send(.get, "/healthz").json == ["status": "ok"])
                let ready = try await server.send(.get, "/readyz")
                #expect(ready.status == 200)
                for part in ["etcd", "ledger", "mirror"] {
                    #expect(ready.json["checks"]?[part]?["ok"] == true)
                }
                #expect(
                    try await server.send(.get, "/version").json
                        == ["name": "policy-server", "version": .string(Version.number)])
                let contract = try await server.send(.get, "/openapi.yaml")
                #expect(contract["Content-Type"] == "application/yaml")
                #expect(contract.text == (try Repository.text("openapi.yaml")))
            }
        }

        @Test func `metrics show every stage of an accepted write`() async throws {
            try await TestApplication.with { server in
                #expect(try await server.send(.put, "/v1/regions/west", "{}").status == 201)
                let metrics = try await server.send(.get, "/metrics")
                let lines = metrics.text.split(separator: "\n")
                for stage in WriteStage.allCases {
                    let mark =
                        #"policy_server_write_stage_seconds_count{stage="\#(stage.rawValue)"} "#
                    let count = lines.first { $0.hasPrefix(mark) }?.dropFirst(mark.count)
                    #expect(count.flatMap { Int($0) } ?? 0 > 0, "\(stage)")
                }
                #expect(lines.contains("policy_server_write_batch_changes_count 1"))
            }
        }

        @Test func `metrics count by route and never by path`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                try await server.send(.get, "/v1/regions/secret-name")
                let metrics = try await server.send(.get, "/metrics")
                #expect(metrics["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
                let lines = metrics.text.split(separator: "\n")
                let name = "policy_server_http_requests_total"
                let route = #"route="/v1/regions/{region}""#
                #expect(lines.contains(#"\#(name){\#(route),method="PUT",status="2xx"} 1"#))
                #expect(lines.contains(#"\#(name){\#(route),method="GET",status="4xx"} 1"#))
                #expect(lines.contains(#"policy_server_writes_total{outcome="applied"} 1"#))
                #expect(lines.contains(#"policy_server_part_healthy{part="etcd"} 1"#))
                #expect(lines.contains { $0.hasPrefix("process_resident_memory_bytes ") })
                #expect(!metrics.text.contains("secret-name"))
            }
        }

        @Test func `a problem says which request it is about, also before a route is found`()
            async throws
        {
            try await TestApplication.with(etcdURL: "http://127.0.0.1:1") { server in
                for (path, type, status) in [
                    ("/v1/regions", "/problems/bad-request", 400), ("/nowhere", "about:blank", 404),
                ] {
                    let answer = try await server.send(.get, path + "?what=x")
                    #expect(answer.status == status)
                    #expect(answer.json["type"]?.stringValue == type)
                    #expect(answer.json["instance"]?.stringValue == path)
                    #expect(answer.json["requestId"]?.stringValue == answer["X-Request-Id"])
                }
            }
        }

        @Test func `HTTP's own refusals are problems too`() async throws {
            try await TestApplication.with(flags: [.maxBodyBytes: ["1024"]]) { server in
                #expect(try await server.send(.get, "/nowhere").status == 404)
                let wrong = try await server.send(.post, "/v1/regions/a", "{}")
                #expect(wrong.status == 405)
                #expect(wrong["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
                #expect(wrong.json["status"] == 405)
                let options = try await server.send(.options, "/v1/audit")
                #expect(options.status == 204)
                #expect(options["Allow"] == "GET, HEAD, OPTIONS")
                #expect(
                    try await server.send(.put, "/v1/regions/a", "<a/>", type: "text/xml").status
                        == 415)
                let large = #"{"description":"\#(String(repeating: "x", count: 2000))"}"#
                #expect(try await server.send(.put, "/v1/regions/a", large).status == 413)
                // This client sends an empty chunked body, so the answer is 400 instead of 411. The tests of HTTPCore
                // cover 411.
                #expect(try await server.send(.put, "/v1/regions/a").status == 400)
                let head = try await server.send(.head, "/v1/regions")
                #expect(head.status == 200)
                #expect(head.response.body.isEmpty)
            }
        }

        @Test func `a request keeps its id, and its actor is recorded`() async throws {
            try await TestApplication.with { server in
                let answer = try await server.send(
                    .put, "/v1/regions/west", "{}",
                    [("X-Request-Id", "req-1"), ("X-Actor", "alice"), ("X-Reason", "ticket 7")])
                #expect(answer["X-Request-Id"] == "req-1")
                let row = try #require(
                    try await server.send(.get, "/v1/audit?actor=alice").items.first)
                #expect(row["requestId"] == "req-1")
                #expect(row["reason"] == "ticket 7")
                #expect(row["clientAddress"] == "127.0.0.1")
                #expect(row["changeId"]?.stringValue == answer["X-Change-Id"])
                let missing = try await server.send(
                    .get, "/v1/regions/none", [("X-Request-Id", "req-2")])
                #expect(missing.json["requestId"] == "req-2")
            }
        }

        @Test func `without etcd the server is alive, not ready, and says when to try again`()
            async throws
        {
            try await TestApplication.with(etcdURL: "http://127.0.0.1:1") { server in
                #expect(try await server.send(.get, "/healthz").status == 200)
                let ready = try await server.send(.get, "/readyz")
                #expect(ready.status == 503)
                #expect(ready["Retry-After"] != nil)
                #expect(ready.json["checks"]?["etcd"]?["ok"] == false)
                #expect(ready.json["checks"]?["ledger"]?["ok"] == true)
                for answer in [
                    try await server.send(.get, "/v1/regions"),
                    try await server.send(.put, "/v1/regions/west", "{}"),
                ] {
                    #expect(answer.status == 503)
                    #expect(answer["Retry-After"] != nil)
                }
            }
        }
    }
}
