import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of the content of rows, and of the requests that become rows.
    struct AuditRowTests {
        @Test
        func `a row names the actor, the authentication, the address, the reason and the change`()
            async throws
        {
            try await TestApplication.with { server in
                try await server.send(
                    .put, "/v1/regions/west", #"{"addressBlocks":["10.1.0.0/16"]}"#)
                let path = "/v1/regions/west/subnets/web"
                try await server.send(.put, path, #"{"cidr":"10.1.1.0/24"}"#)
                let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                let change = try await server.send(
                    .put, path + "?reason=wider", #"{"cidr":"10.1.0.0/20"}"#,
                    [
                        ("X-Actor", "alice"), ("X-Actor-Roles", "net-admin, operator"),
                        ("X-Ticket", "CHG-7"), ("traceparent", trace), ("User-Agent", "curl/8"),
                        ("Idempotency-Key", "secret-key-1"), ("X-Request-Id", "request-1"),
                    ])
                #expect(change.status == 200)
                let answer = try await server.send(.get, "/v1/audit?name=web")
                let row = try #require(answer.items.first)
                #expect(row["actor"] == "alice")
                #expect(row["authentication"] == "asserted")
                #expect(row["roles"] == ["net-admin", "operator"])
                #expect(row["clientAddress"] == "127.0.0.1")
                #expect(row["userAgent"] == "curl/8")
                #expect(row["requestId"] == "request-1")
                #expect(row["traceparent"] == .string(trace))
                #expect(row["reason"] == "wider")
                #expect(row["ticket"] == "CHG-7")
                #expect(row["status"] == 200)
                #expect(row["epoch"] == 1)
                let sets = "/calico/resources/v3/projectcalico.org/globalnetworksets/"
                #expect(row["key"] == .string(sets + "subnet.west.web"))
                #expect(row["cidrs"] == ["10.1.0.0/20", "10.1.1.0/24"])
                #expect(
                    row["diff"]
                        == [["op": "replace", "path": "/spec/nets/0", "value": "10.1.0.0/20"]])
                // The value is the SHA-256 of "secret-key-1". The key itself must not appear.
                #expect(
                    row["idempotencyKeyHash"]
                        == "a6c1eaef9d5f23f4e13d9b574cbbe07ae877227d92be87d077005dc6776bcdcc")
                #expect(!answer.text.contains("secret-key-1"))
            }
        }

        @Test func `a warning that the client got is in the row`() async throws {
            try await TestApplication.with { server in
                let policy = """
                    {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
                    "metadata":{"name":"p"},"spec":{"types":["Ingress"],
                    "ingress":[{"action":"Allow","source":{"namespaceSelector":"x == 'y'"}}]}}
                    """
                let answer = try await server.send(.put, "/v1/policies/p", policy)
                #expect(answer.status == 201)
                #expect(answer["Warning"] != nil)
                let row = try await server.send(.get, "/v1/audit?name=p").items.first
                #expect(row?["warnings"]?.arrayValue?.isEmpty == false)
            }
        }

        @Test func `a write is recorded however early it is refused`() async throws {
            try await TestApplication.with(flags: [.maxBodyBytes: ["1024"]]) { server in
                let path = "/v1/regions/west/subnets/web"
                let large = #"{"description":"\#(String(repeating: "x", count: 2000))"}"#
                let body = #"{"cidr":"10.1.0.0/24"}"#
                let requests: [(status: Int, problem: JSONValue?, Answer)] = [
                    (415, nil, try await server.send(.put, path, "<a/>", type: "text/xml")),
                    (413, nil, try await server.send(.put, path, large)),
                    (400, nil, try await server.send(.put, path + "?nonsense=1", body)),
                    (400, nil, try await server.send(.put, path, body, [("Host", "a b")])),
                    (400, nil, try await server.send(.put, path + "#part", body)),
                    (400, "document", try await server.send(.put, path, "{")),
                    (
                        400, "bad-request",
                        try await server.send(.put, path, body, [("If-Match", "1")])
                    ),
                    (404, "not-found", try await server.send(.put, path, body)),
                    (
                        412, "precondition-failed",
                        try await server.send(.delete, "/v1/regions/west", [("If-Match", "\"1\"")])
                    ),
                ]
                for request in requests { #expect(request.2.status == request.status) }
                let rows = try await server.rows(requests.count, "/v1/audit?region=west")
                for request in requests {
                    let id = request.2["X-Request-Id"] ?? ""
                    let row = rows.first { $0["requestId"]?.stringValue == id }
                    #expect(row?["status"] == .number(JSONNumber(Int64(request.status))), "\(id)")
                    #expect(row?["outcome"] == "refused")
                    if let problem = request.problem { #expect(row?["problem"] == problem) }
                }
            }
        }

        @Test func `the row of an early refusal has the actor, the reason and the request`()
            async throws
        {
            try await TestApplication.with { server in
                let headers = [
                    ("X-Actor", "alice"), ("X-Actor-Roles", "operator"), ("X-Ticket", "T-1"),
                    ("X-Reason", "try"), ("User-Agent", "curl/8"), ("Idempotency-Key", "k-1"),
                ]
                try await server.send(
                    .put, "/v1/regions/west?dryRun=true", "<a/>", type: "text/xml", headers)
                try await server.send(
                    .put, "/v1/audit/holds/case-7", #"{"reason":""}"#, headers)
                // The malformed X-Ticket is left out of the row, and the other headers are kept.
                try await server.send(
                    .put, "/v1/regions/east", "{}", headers + [("X-Ticket", "a\tb")])
                let rows = try await server.rows(3, "/v1/audit?outcome=refused&order=asc")
                for row in rows {
                    #expect(row["actor"] == "alice" && row["authentication"] == "asserted")
                    #expect(row["roles"] == ["operator"] && row["reason"] == "try")
                    #expect(row["userAgent"] == "curl/8")
                    #expect(row["idempotencyKeyHash"]?.stringValue?.count == 64)
                    #expect(row["detail"]?["method"] == "PUT")
                    #expect(row["detail"]?["detail"]?.stringValue?.isEmpty == false)
                }
                #expect(rows.map { $0["ticket"] } == ["T-1", "T-1", nil])
                #expect(rows.map { $0["dryRun"] } == [true, nil, nil])
                #expect(rows.map { $0["kind"] } == ["Region", "LegalHold", "Region"])
                #expect(rows.first?["detail"]?["path"] == "/v1/regions/west")
            }
        }

        @Test func `a reason that is not UTF-8 is refused, not repaired`() async throws {
            try await TestApplication.with { server in
                try await server.client.withRawConnection { raw in
                    try await raw.send(
                        Array(
                            "DELETE /v1/regions/west HTTP/1.1\r\nHost: localhost\r\nX-Reason: a"
                                .utf8)
                            + [0xFF] + Array("b\r\n\r\n".utf8))
                    let answer = try await raw.receive(through: "}")
                    #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("UTF-8"))
                }
            }
        }

        @Test func `many reads do not displace the rows of refusals`() async throws {
            try await TestApplication.with(flags: [.auditAttempts: ["1"]]) { server in
                for _ in 0..<1_010 { try await server.send(.get, "/v1/audit/1") }
                try await server.send(.put, "/v1/regions/No", "{}")
                _ = try await server.rows(1, "/v1/audit?name=No")
            }
        }

        @Test func `an object's networks are all in its row, however many`() async throws {
            try await TestApplication.with { server in
                let rules = (0..<6).map { rule in
                    let nets = (0..<250).map { #""10.\#(rule).\#($0).0/24""# }
                    return
                        #"{"action":"Allow","source":{"nets":[\#(nets.joined(separator: ","))]}}"#
                }
                let policy = """
                    {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
                    "metadata":{"name":"many"},"spec":{"types":["Ingress"],
                    "ingress":[\(rules.joined(separator: ","))]}}
                    """
                #expect(try await server.send(.put, "/v1/policies/many", policy).status == 201)
                for network in ["10.0.0.0/24", "10.5.249.0/24"] {
                    let found = try await server.send(
                        .get, "/v1/audit?cidr=\(network)&match=exact&kind=GlobalNetworkPolicy")
                    #expect(found.names == ["many"], "\(network)")
                }
            }
        }

        @Test func `a malformed actor is recorded as a failed authentication`()
            async throws
        {
            try await TestApplication.with { server in
                let answer = try await server.send(
                    .put, "/v1/regions/west", "{}", [("X-Actor", "no spaces please")])
                #expect(answer.status == 400)
                let row = try await server.rows(1, "/v1/audit?kind=Authentication").first
                #expect(row?["problem"] == "malformed-actor")
                #expect(row?["actor"] == "anonymous@127.0.0.1")
                #expect(row?["name"] == "/v1/regions/west")
                #expect(row?["outcome"] == "refused")
            }
        }

        @Test func `a flood of refused writes leaves a bounded number of rows`() async throws {
            try await TestApplication.with(flags: [.auditAttempts: ["1"]]) { server in
                for _ in 0..<1_010 {
                    #expect(try await server.send(.put, "/v1/regions/No", "{}").status == 422)
                }
                var count = 0
                var target: String? = "/v1/audit?name=No&limit=1000"
                while let next = target {
                    let page = try await server.send(.get, next)
                    count += page.items.count
                    target = page.json["next"]?.stringValue.map {
                        "/v1/audit?name=No&limit=1000&cursor=\($0)"
                    }
                }
                #expect((1_000...1_005).contains(count))
            }
        }
    }
}

extension TestApplication {
    /// Waits until `target` lists `count` rows, and returns them. The server writes some rows after the answer.
    func rows(_ count: Int, _ target: String) async throws -> [JSONValue] {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let rows = try await send(.get, target).items
            if rows.count >= count || ContinuousClock.now > deadline {
                #expect(rows.count == count)
                return rows
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
