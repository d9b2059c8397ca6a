import Documents
import Domain
import Foundation
import HTTPTypes
import Logging
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of a server that asks for bearer tokens.
    struct IdentityTests {
        /// Runs `body` with a server that accepts the tokens of `fixture`.
        private static func with(
            _ fixture: TokenFixture, logger: Logger = .silent, data: TemporaryDirectory? = nil,
            _ body: @Sendable (TestApplication) async throws -> Void
        ) async throws {
            let flags: [Setting: [String]] = [
                .authenticate: ["token"], .tokenFile: [fixture.path],
            ]
            try await withEtcd { etcd in
                try await TestApplication.with(
                    flags: flags, etcdURL: etcd.clientURL, etcd, directory: data, logger: logger
                ) { server in
                    try await server.waitUntilReady()
                    try await body(server)
                }
            }
        }

        private static func bearer(_ token: BearerToken) -> [(String, String)] {
            [("Authorization", "Bearer \(token.secretText)")]
        }

        @Test func `without a credential every route but health answers 401`() async throws {
            let fixture = try TokenFixture()
            try fixture.add()
            try await Self.with(fixture) { server in
                for (route, need) in RouteNeed.table.sorted(by: { $0.key < $1.key }) {
                    let parts = route.split(separator: " ")
                    let method = try #require(HTTPRequest.Method(String(parts[0])))
                    let path = String(parts[1]).replacing("{seq}", with: "1")
                        .replacing(/[{][a-z]+[}]/, with: "x")
                    let body = [.get, .delete].contains(method) ? nil : "{}"
                    let type =
                        method == .patch ? "application/merge-patch+json" : "application/json"
                    let answer = try await server.send(method, path, body, type: type)
                    guard need != .nothing else {
                        #expect(answer.status == 200, "\(route)")
                        #expect(answer["Cache-Control"] == nil)
                        continue
                    }
                    #expect(answer.status == 401, "\(route): \(answer.status)")
                    #expect(answer["WWW-Authenticate"] == #"Bearer realm="policy-server""#)
                    #expect(answer["Cache-Control"] == "no-store")
                    #expect(answer["Vary"]?.hasSuffix("Authorization, X-Auth-Token") == true)
                }
            }
        }

        @Test func `whoami shows the principal, and roles decide`() async throws {
            let fixture = try TokenFixture()
            let end = Timestamp(microseconds: 4_000_000_000_000_000)
            let viewer = try fixture.add(
                "eve@example.org", [Grant(.viewer, regions: .some(["east"]))], expires: end)
            let admin = try fixture.add("root@example.org", [Grant(.admin)])
            try await Self.with(fixture) { server in
                let me = try await server.send(.get, "/v1/whoami", Self.bearer(viewer))
                #expect(
                    me.json == [
                        "principal": "eve@example.org", "method": "token",
                        "grants": [["role": "viewer", "regions": ["east"]]],
                        "credential": .string(viewer.id.description),
                        "expires": .string(end.rfc3339Seconds),
                    ])
                #expect(me["Cache-Control"] == "no-store")
                let body = #"{"addressBlocks":["10.1.0.0/16"]}"#
                let path = "/v1/regions/east"
                let refused = try await server.send(.put, path, body, Self.bearer(viewer))
                #expect(refused.status == 403)
                let accepted = try await server.send(.put, path, body, Self.bearer(admin))
                #expect(accepted.status == 201)
                #expect(accepted["Cache-Control"] == "private, no-cache")
                #expect(accepted["Vary"] == "Accept, Authorization, X-Auth-Token")
                let read = try await server.send(.get, path, Self.bearer(viewer))
                #expect(read.status == 200)
                let cached = try await server.send(
                    .get, path,
                    Self.bearer(viewer) + [("If-None-Match", read.eTag ?? "")])
                #expect(cached.status == 304)
                #expect(cached["Vary"] == "Accept, Authorization, X-Auth-Token")
            }
        }

        @Test func `X-Actor must be absent or the principal, and X-Actor-Roles does not count`()
            async throws
        {
            let fixture = try TokenFixture()
            let admin = try fixture.add("root@example.org", [Grant(.admin)])
            try await Self.with(fixture) { server in
                let body = #"{"addressBlocks":["10.1.0.0/16"]}"#
                for actor in ["alice", "ROOT@example.org", "", "root@example.org,x"] {
                    let answer = try await server.send(
                        .put, "/v1/regions/east", body, Self.bearer(admin) + [("X-Actor", actor)])
                    #expect(answer.status == 400, "\(actor)")
                    #expect(answer.json["type"] == "/problems/malformed-actor")
                }
                let answer = try await server.send(
                    .put, "/v1/regions/east", body,
                    Self.bearer(admin) + [
                        ("X-Actor", "root@example.org"), ("X-Actor-Roles", "king"),
                    ])
                #expect(answer.status == 201)
                let log = try await server.send(
                    .get, "/v1/audit?name=east&outcome=accepted", Self.bearer(admin))
                let row = try #require(log.items.first)
                #expect(row["actor"] == "root@example.org")
                #expect(row["authentication"] == "token")
                #expect(row["roles"] == ["admin"])
            }
        }

        @Test func `failed attempts are rows, reads too, and no secret is in a log or the ledger`()
            async throws
        {
            let fixture = try TokenFixture()
            let admin = try fixture.add("root@example.org", [Grant(.admin)])
            let unknown = BearerToken()
            let data = try TemporaryDirectory()
            let log = LogLines()
            try await Self.with(fixture, logger: log.logger, data: data) { server in
                let jwt = [("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.c2VjcmV0")]
                let attempts = [
                    try await server.send(.get, "/v1/regions", Self.bearer(unknown)),
                    try await server.send(.get, "/metrics", Self.bearer(unknown)),
                    try await server.send(
                        .put, "/v1/regions/east", "{}",
                        Self.bearer(unknown) + [("X-Actor-Roles", "admin")]),
                    try await server.send(.get, "/v1/regions", jwt),
                ]
                for attempt in attempts { #expect(attempt.status == 401) }
                // No attempt, so no row.
                #expect(try await server.send(.get, "/v1/regions").status == 401)
                var rows: [JSONValue] = []
                try await eventually("the rows are there") {
                    rows = try await server.send(
                        .get, "/v1/audit?kind=Authentication", Self.bearer(admin)
                    ).items
                    return rows.count >= 4
                }
                #expect(rows.count == 4)
                for (attempt, path) in zip(
                    attempts, ["/v1/regions", "/metrics", "/v1/regions/east", "/v1/regions"])
                {
                    let id = attempt["X-Request-Id"] ?? ""
                    let row = try #require(rows.first { $0["requestId"]?.stringValue == id })
                    #expect(row["status"] == 401)
                    #expect(row["problem"] == "unauthenticated")
                    #expect(row["outcome"] == "refused")
                    #expect(row["name"] == .string(path))
                    #expect(row["actor"] == "anonymous@127.0.0.1")
                    #expect(row["roles"] == nil || row["roles"] == [])
                }
                // The JWT is no credential of a kind that this server knows.
                let metrics = try await server.send(.get, "/metrics", Self.bearer(admin)).text
                let series = #"policy_server_authentication_failures_total{method="token"} 3"#
                #expect(metrics.contains("\n\(series)\n"))
                let text = "\(rows)"
                #expect(text.contains(unknown.id.description))
            }
            let secrets = [admin, unknown].map { String($0.secretText.suffix(43)) } + ["c2VjcmV0"]
            let files = try FileManager.default.subpathsOfDirectory(atPath: data.path)
            #expect(files.contains("audit.sqlite"))
            let lines = log.lines.joined(separator: "\n")
            #expect(lines.contains("root@example.org"))
            for secret in secrets {
                #expect(!lines.contains(secret))
                for file in files {
                    let bytes = FileManager.default.contents(atPath: data.file(file)) ?? Data()
                    #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
                }
            }
        }

        @Test func `after many failures an address has to wait, also with a valid token`()
            async throws
        {
            let fixture = try TokenFixture()
            let admin = try fixture.add("root@example.org", [Grant(.admin)])
            try await Self.with(fixture) { server in
                for _ in 0..<9 {
                    let answer = try await server.send(
                        .get, "/v1/regions", Self.bearer(BearerToken()))
                    #expect(answer.status == 401)
                }
                // Requests without a credential are no attempts.
                for _ in 0..<20 {
                    #expect(try await server.send(.get, "/v1/regions").status == 401)
                }
                #expect(try await server.send(.get, "/v1", Self.bearer(admin)).status == 200)
                let last = try await server.send(.get, "/v1", Self.bearer(BearerToken()))
                #expect(last.status == 401)
                let refused = try await server.send(.get, "/v1", Self.bearer(admin))
                #expect(refused.status == 429)
                #expect(refused.json["type"] == "/problems/too-many-requests")
                #expect(refused["Retry-After"] == "1")
                #expect(refused["Cache-Control"] == "no-store")
                #expect(try await server.send(.get, "/readyz").status == 200)
                try await eventually("the pause ends") {
                    try await server.send(.get, "/v1", Self.bearer(admin)).status == 200
                }
            }
        }

        @Test func `a token is rotated under load without a refused request`() async throws {
            let fixture = try TokenFixture()
            let old = try fixture.add("ci@example.org", [Grant(.viewer)])
            try await Self.with(fixture) { server in
                let current = CurrentToken(old)
                try await withThrowingTaskGroup(of: Int.self) { tasks in
                    for _ in 0..<4 {
                        tasks.addTask {
                            var count = 0
                            while !current.isDone {
                                let answer = try await server.send(
                                    .get, "/v1/regions", Self.bearer(current.token))
                                #expect(answer.status == 200)
                                count += 1
                            }
                            return count
                        }
                    }
                    let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
                    let end = Timestamp(microseconds: now.microseconds + 6_000_000)
                    let new = try TokenFile.update(fixture.path) { tokens in
                        try tokens.rotate(old.id.description, end: end, now: now).token
                    }
                    // A client can use the new token when the server has read the file.
                    // The pauses keep its first attempts below the free failures of an address.
                    try await eventually("the new token counts") {
                        try await Task.sleep(for: .milliseconds(500))
                        let answer = try await server.send(
                            .get, "/v1/whoami", Self.bearer(new))
                        return answer.status == 200
                    }
                    current.token = new
                    try await eventually("the old token ends") {
                        try await Task.sleep(for: .milliseconds(200))
                        let answer = try await server.send(
                            .get, "/v1/whoami", Self.bearer(old))
                        return answer.status == 401
                    }
                    current.finish()
                    let counts = try await tasks.reduce(into: []) { $0.append($1) }
                    #expect(counts.allSatisfy { $0 > 0 })
                }
            }
        }

        @Test func `a stream ends when its token is revoked`() async throws {
            let fixture = try TokenFixture()
            let token = try fixture.add("auditor", [Grant(.auditor)])
            let other = try fixture.add("other", [Grant(.auditor)])
            try await Self.with(fixture) { server in
                func stream(_ token: BearerToken, timeout: Duration) async throws -> (
                    String, Duration
                ) {
                    let start = ContinuousClock.now
                    let bytes = try await server.client.sendRaw(
                        Array(
                            """
                            GET /v1/audit/stream HTTP/1.1\r
                            Host: localhost\r
                            Authorization: Bearer \(token.secretText)\r\n\r\n
                            """.utf8), timeout: timeout)
                    return (String(decoding: bytes, as: UTF8.self), ContinuousClock.now - start)
                }
                async let kept = stream(other, timeout: .seconds(12))
                async let ended = stream(token, timeout: .seconds(60))
                try await Task.sleep(for: .milliseconds(300))
                try TokenFile.update(fixture.path) { tokens in
                    _ = tokens.remove(at: try tokens.index(of: token.id.description))
                }
                let (text, time) = try await ended
                #expect(text.hasPrefix("HTTP/1.1 200"))
                #expect(time < .seconds(40))
                #expect(try await kept.1 >= .seconds(12))
            }
        }

        @Test func `readiness shows a file that cannot be used, without its path`() async throws {
            let fixture = try TokenFixture()
            let token = try fixture.add()
            try await Self.with(fixture) { server in
                #expect(
                    try await server.send(.get, "/readyz").json["checks"]?["identity"]?["ok"]
                        == true)
                try fixture.write("nonsense")
                try await eventually("the problem shows") {
                    try await server.send(.get, "/readyz").json["checks"]?["identity"]?["ok"]
                        == false
                }
                let answer = try await server.send(.get, "/readyz")
                #expect(answer.status == 200)
                #expect(!answer.text.contains(fixture.path))
                #expect(
                    try await server.send(.get, "/v1/whoami", Self.bearer(token)).status == 200)
            }
        }
    }
}

extension EndToEndTests {
    @Test func `whoami of a trusted client shows its actor`() async throws {
        try await TestApplication.with { server in
            let named = try await server.send(.get, "/v1/whoami", [("X-Actor", "alice")])
            #expect(
                named.json
                    == ["principal": "alice", "method": "asserted", "grants": [["role": "admin"]]])
            let other = try await server.send(.get, "/v1/whoami")
            #expect(other.json["principal"] == "anonymous@127.0.0.1")
            #expect(other.json["method"] == "none")
            #expect(other["Vary"] == "Accept")
        }
    }
}
