import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    struct AuditTests {
        @Test func `each parameter finds the rows it names`() async throws {
            try await TestApplication.with { server in
                try await prepare(server)
                let row = try #require(
                    try await server.send(.get, "/v1/audit?name=web&outcome=accepted").items.first)
                let trace = String(repeating: "ab", count: 16)
                let seq = row["seq"]?.numberValue?.int64 ?? 0
                let cases: [String] = [
                    "kind=Subnet", "region=west", "actor=alice", "authentication=asserted",
                    "role=net-admin", "origin=api", "verb=create", "outcome=accepted", "status=201",
                    "change=\(row["changeId"]?.stringValue ?? "")",
                    "revision=\(row["revision"]?.numberValue?.int64 ?? 0)", "epoch=1",
                    "requestId=req-web", "trace=\(trace)", "idempotencyKey=secret-1",
                    "trace=00-\(trace)-00f067aa0ba902b7-01", "ticket=NET-1",
                    "reason=open%20the%20web", "clientAddress=127.0.0.1", "userAgent=tests%2F1",
                    "key=\(row["key"]?.stringValue ?? "")", "dryRun=false", "afterGap=false",
                    "cluster=\(row["clusterId"]?.stringValue ?? "")", "cidr=10.1.2.0/24",
                    "cidr=10.1.0.0/16&match=within", "cidr=10.1.2.3&match=contains",
                    "cidr=10.1.2.0/24&match=exact", "field=/spec/nets/0",
                    "q=WEB+%22the+web%22", "q=10.1.2.0/24", "since=2020-01-01T00:00:00Z",
                    "until=2100-01-01T00:00:00Z", "order=asc",
                ]
                for query in cases {
                    let answer = try await server.send(.get, "/v1/audit?name=web&\(query)")
                    let seqs = answer.items.map { $0["seq"]?.numberValue?.int64 }
                    #expect(seqs.contains(seq), "\(query) \(answer.text)")
                }
                let others = [
                    "role=admin", "status=200", "cidr=10.1.2.0/25&match=exact", "cidr=10.9.0.0/16",
                    "field=/no/such", "q=nowhere", "dryRun=true", "afterGap=true",
                    "trace=" + String(repeating: "00", count: 16),
                    "idempotencyKey=secret-2", "reason=open",
                ]
                for query in others {
                    let answer = try await server.send(.get, "/v1/audit?name=web&\(query)")
                    #expect(answer.status == 200 && answer.items.isEmpty, "\(query)")
                }
            }
        }

        @Test(arguments: [
            "dryRun=maybe", "cidr=10.1.0.1/16", "cidr=x", "match=exact", "match=near&cidr=::/0",
            "field=spec", "field=/a~2", "q=", "q=%22-%22", "q=a*", "order=up", "group_by=reason",
            "group_by=day&limit=5", "status=ok", "revision=x", "limit=0",
        ])
        func `a contradictory search is refused`(query: String) async throws {
            try await TestApplication.with(etcdURL: "http://127.0.0.1:1") { server in
                let answer = try await server.send(.get, "/v1/audit?\(query)")
                #expect(answer.status == 400, "\(answer.text)")
            }
        }

        @Test func `a row is found by its number, beside the paths that are words`() async throws {
            try await TestApplication.with { server in
                try await prepare(server)
                let row = try await server.send(.get, "/v1/audit/1")
                #expect(row.json["seq"] == 1)
                #expect(try await server.send(.get, "/v1/audit/4711").status == 404)
                #expect(try await server.send(.get, "/v1/audit/x").status == 400)
                let event = try await server.send(
                    .get, "/v1/audit/1", [("Accept", "application/cadf+json")])
                #expect(event["Content-Type"] == "application/cadf+json")
                #expect(event.json["action"] == "create")
                #expect(
                    event.json["id"]?.stringValue
                        == "policy-server:" + (row.json["hash"]?.stringValue ?? ""))
            }
        }

        @Test func `a cursor of a search for words is not one of another`() async throws {
            try await TestApplication.with { server in
                try await prepare(server)
                for (one, other) in [("q=web", "kind=Subnet"), ("kind=Subnet", "q=web")] {
                    let page = try await server.send(.get, "/v1/audit?limit=1&\(one)")
                    let next = try #require(page.json["next"]?.stringValue, "\(one)")
                    let path = "/v1/audit?cursor=\(next)&"
                    #expect(try await server.send(.get, path + one).status == 200)
                    #expect(try await server.send(.get, path + other).status == 400)
                }
            }
        }

        @Test func `lines and CSV hold every row, or a page with its link`() async throws {
            try await TestApplication.with(flags: [.auditReads: ["off"]]) { server in
                try await prepare(server)
                let all = try await server.send(.get, "/v1/audit?limit=1000").items
                let lines = try await server.send(
                    .get, "/v1/audit", [("Accept", "application/x-ndjson")])
                #expect(lines["Content-Type"] == "application/x-ndjson")
                let rows = lines.text.split(separator: "\n").map {
                    try? JSONParser.parse(Array($0.utf8))
                }
                #expect(rows == all)
                let csv = try await server.send(
                    .get, "/v1/audit?order=asc", [("Accept", "text/csv")])
                #expect(csv["Content-Type"]?.hasPrefix("text/csv") == true)
                #expect(csv.text.hasPrefix("seq,time,origin,actor,"))
                #expect(csv.text.hasSuffix("\r\n"))
                #expect(csv.text.contains(",'=cmd,"))
                let page = try await server.send(
                    .get, "/v1/audit?limit=2", [("Accept", "application/x-ndjson")])
                #expect(page.text.split(separator: "\n").count == 2)
                let link = try #require(page["Link"]).dropFirst().prefix { $0 != ">" }
                let next = try await server.send(
                    .get, String(link), [("Accept", "application/x-ndjson")])
                #expect(next.text.hasPrefix(lines.text.split(separator: "\n")[2]))
            }
        }

        @Test func `rows are counted by the requested column`() async throws {
            try await TestApplication.with(flags: [.auditReads: ["off"]]) { server in
                try await prepare(server)
                let answer = try await server.send(.get, "/v1/audit?group_by=kind&outcome=accepted")
                #expect(answer.json["groupBy"] == "kind")
                #expect(answer.json["complete"] == true)
                let groups = answer.json["groups"]?.arrayValue ?? []
                #expect(groups.contains(["key": "Subnet", "count": 1]))
                #expect(groups.contains(["key": "Region", "count": 1]))
                let lines = [("Accept", "text/csv")]
                #expect(try await server.send(.get, "/v1/audit?group_by=kind", lines).status == 400)
            }
        }

        @Test func `CADF shows a page of events`() async throws {
            try await TestApplication.with { server in
                try await prepare(server)
                let answer = try await server.send(
                    .get, "/v1/audit?outcome=refused", [("Accept", "application/cadf+json")])
                #expect(answer.json["typeURI"] == "http://schemas.dmtf.org/cloud/audit/1.0/log")
                let event = try #require(answer.json["events"]?.arrayValue?.first)
                #expect(event["eventType"] == "control")
                #expect(event["outcome"] == "failure")
                #expect(event["reason"]?["reasonCode"] == "409")
                #expect(event["reason"]?["policyId"] == "/problems/overlap")
                #expect(event["initiator"]?["name"] == "=cmd")
                #expect(event["initiator"]?["id"] == "policy-server:actor/%3Dcmd")
                #expect(
                    event["initiator"]?["attachments"]?.arrayValue?.first
                        == [
                            "name": "roles", "contentType": "application/json",
                            "content": #"["operator"]"#,
                        ])
                #expect(event["initiator"]?["host"]?["address"] == "127.0.0.1")
            }
        }

        @Test func `reads of the audit log are recorded in it, without secrets`() async throws {
            try await TestApplication.with { server in
                let reader = [
                    ("X-Actor", "auditor"), ("X-Reason", "review"), ("Accept", "text/csv"),
                ]
                try await server.send(
                    .get, "/v1/audit?reason=x&idempotencyKey=secret", reader)
                try await server.send(.get, "/v1/regions", Array(reader.dropLast()))
                // The answer to a read does not wait for its row. The answer to a write does, and the row of the write
                // follows the rows of earlier reads.
                try await server.send(.put, "/v1/regions/west", "{}")
                let rows = try await server.send(.get, "/v1/audit?verb=read").items
                #expect(rows.count == 1)
                #expect(rows.first?["kind"] == "AuditLog")
                #expect(rows.first?["name"] == "/v1/audit")
                #expect(rows.first?["actor"] == "auditor")
                #expect(rows.first?["reason"] == "review")
                #expect(rows.first?["detail"]?["format"] == "csv")
                let query = rows.first?["detail"]?["query"]?.stringValue ?? ""
                #expect(query.hasPrefix("reason=x&idempotencyKey=sha256%3A"))
                #expect(!query.contains("secret"))
            }
        }

        @Test func `each page of an export, history or diff is recorded`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                let paths = [
                    "/v1/audit/export?order=revision&after=0.0", "/v1/audit/export?from=1&to=1",
                    "/v1/regions/west/history?limit=1", "/v1/diff?from=1", "/v1/audit/1",
                ]
                for path in paths {
                    #expect(try await server.send(.get, path).status == 200, "\(path)")
                }
                try await server.send(.put, "/v1/regions/east", "{}")
                let rows = try await server.send(.get, "/v1/audit?verb=read&order=asc").items
                let read = rows.map { row in
                    let query = row["detail"]?["query"]?.stringValue ?? ""
                    return (row["name"]?.stringValue ?? "") + (query.isEmpty ? "" : "?" + query)
                }
                #expect(read == paths)
            }
        }

        @Test func `a refused read of the audit log is also recorded`() async throws {
            try await TestApplication.with { server in
                let requests: [(String, [(String, String)], String, JSONValue)] = [
                    ("/v1/audit?name=x", [("X-Actor", "\u{e9}")], "Authentication", 400),
                    ("/v1/audit?limit=0", [("X-Actor", "eve")], "AuditLog", 400),
                    ("/v1/audit/4711", [("X-Actor", "eve")], "AuditLog", 404),
                    ("/v1/audit?what=x", [("X-Actor", "eve")], "AuditLog", 400),
                    ("/v1/regions/no/history", [("X-Actor", "eve")], "AuditLog", 404),
                ]
                for (path, headers, _, _) in requests { try await server.send(.get, path, headers) }
                let rows = try await server.rows(
                    requests.count, "/v1/audit?verb=read&outcome=refused&order=asc")
                for (row, request) in zip(rows, requests) {
                    #expect(row["kind"]?.stringValue == request.2)
                    #expect(row["status"] == request.3)
                    #expect(row["name"]?.stringValue == String(request.0.prefix { $0 != "?" }))
                }
                #expect(rows.first?["detail"]?["query"] == "name=x")
                #expect(rows.dropFirst().allSatisfy { $0["actor"] == "eve" })
            }
        }

        @Test func `a search with an unclosed quote is refused`() async throws {
            try await TestApplication.with(etcdURL: "http://127.0.0.1:1") { server in
                let answer = try await server.send(.get, "/v1/audit?q=%22open")
                #expect(answer.status == 400)
                #expect(answer.text.contains("a quote that is not closed"))
            }
        }

        /// Writes a region and a subnet whose row has every member, and sends a subnet that is refused.
        private func prepare(_ server: TestApplication) async throws {
            try await server.send(
                .put, "/v1/regions/west", #"{"addressBlocks":["10.1.0.0/16"]}"#)
            let created = try await server.send(
                .put, "/v1/regions/west/subnets/web", #"{"cidr":"10.1.2.0/24"}"#,
                [
                    ("X-Actor", "alice"), ("X-Actor-Roles", "reader, net-admin"),
                    ("X-Reason", "open the web"), ("X-Ticket", "NET-1"), ("User-Agent", "tests/1"),
                    ("X-Request-Id", "req-web"), ("Idempotency-Key", "secret-1"),
                    (
                        "traceparent",
                        "00-\(String(repeating: "ab", count: 16))-00f067aa0ba902b7-01"
                    ),
                ])
            #expect(created.status == 201)
            let refused = try await server.send(
                .put, "/v1/regions/west/subnets/web-2", #"{"cidr":"10.1.2.128/25"}"#,
                [
                    ("X-Actor", "=cmd"), ("X-Reason", "more web"), ("X-Actor-Roles", "operator"),
                ])
            #expect(refused.status == 409)
        }
    }
}
