import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Walks every route with every role, for the own, another and all regions, and with every method of
    /// authentication.
    struct AccessTableTests {
        /// The route whose answer has no end. The walk leaves it out.
        private static let endless = "GET /v1/audit/stream"

        /// The methods by which a client proves who it is.
        private static let methods = AuthenticationMethod.allCases.filter(\.isProof)

        @Test func `the expectations have every route that needs a permission, once`() throws {
            let routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes
            let needing = try routes.filter { route in
                if case .permission = try #require(RouteNeed.of(route)) { true } else { false }
            }.map { "\($0.method.rawValue) \($0.pattern)" }
            let lines = AccessExpectation.table.map(\.route) + [Self.endless]
            #expect(lines.sorted() == needing.sorted())
        }

        /// A caller of the walk. The limited ones have their role in region east.
        private struct Caller {
            var role: Role
            var isLimited: Bool
            var header: (String, String)
        }

        @Test func `every role gets what its permissions and regions give, and nothing else`()
            async throws
        {
            var callers = Callers()
            let admin = callers.add("admin", Grant(.admin))
            var walked: [Caller] = []
            for method in Self.methods {
                for role in Role.allCases {
                    for isLimited in [true, false] {
                        let name = "\(role)-\(method)-\(isLimited ? "east" : "all")"
                        let regions = isLimited ? RegionSet.some(["east"]) : .all
                        let header = callers.add(
                            name, Grant(role, regions: regions), method: method)
                        walked.append(Caller(role: role, isLimited: isLimited, header: header))
                    }
                }
            }
            #expect(walked.count == 50)
            let tokens = try TokenFixture()
            try tokens.add()
            let flags: [Setting: [String]] = [
                .twoPerson: ["CrossRegionPolicy"], .authenticate: ["token"],
                .tokenFile: [tokens.path],
            ]
            try await TestApplication.with(flags: flags, access: callers.access) {
                [walked] server in
                let state = try await State(server, admin)
                for line in AccessExpectation.table {
                    for region in ["east", "west"] {
                        try await Self.walk(line, region, walked, admin, state, server)
                    }
                }
            }
        }

        private static func walk(
            _ line: AccessExpectation, _ region: String, _ callers: [Caller],
            _ admin: (String, String), _ state: State, _ server: TestApplication
        ) async throws {
            guard case .permission(let permission)? = RouteNeed.table[line.route] else {
                Issue.record("\(line.route) needs no permission")
                return
            }
            func status(_ headers: [(String, String)]) async throws -> Int {
                try await state.status(line, region, headers, server)
            }
            func check(_ found: Int, _ expected: Int, _ caller: String) {
                let place = "\(line.route) by \(caller) for \(region)"
                if expected == 0 {
                    #expect(found != 401 && found != 403, "\(place)")
                } else {
                    #expect(found == expected, "\(place)")
                }
            }
            check(try await status([]), 401, "nobody")
            check(try await status([("X-Test-Principal", "unknown")]), 401, "somebody unknown")
            let all = line.own == 403 ? 0 : line.own
            check(try await status([admin]), all, "admin")
            for caller in callers {
                let expected =
                    if !caller.role.permissions.contains(permission) {
                        403
                    } else if caller.isLimited {
                        region == "east" ? line.own : line.other ?? line.own
                    } else {
                        all
                    }
                check(try await status([caller.header]), expected, caller.header.1)
            }
        }

        @Test func `a request without a credential reaches nothing but plain health`() async throws
        {
            var callers = Callers()
            let admin = callers.add("admin", Grant(.admin))
            let routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes.map {
                ($0.method, $0.pattern)
            }
            try await TestApplication.with(access: callers.access) { server in
                let state = try await State(server, admin)
                for (method, pattern) in routes {
                    let path = pattern.replacing("{seq}", with: "1")
                        .replacing("{region}", with: "west").replacing("{name}", with: "west-only")
                        .replacing("{id}", with: State.absent)
                    var fields = HTTPFields()
                    if method == .patch {
                        fields[.contentType] = "application/merge-patch+json"
                    } else if method == .put || method == .post {
                        fields[.contentType] = "application/json"
                    }
                    let body = fields.isEmpty ? nil : Array("{}".utf8)
                    let answer = try await server.client.send(
                        method, path, headers: fields, body: body)
                    guard ["/healthz", "/readyz"].contains(path) else {
                        #expect(answer.status == 401, "\(method) \(path)")
                        let kinds = Set(try Self.members(answer.text))
                        #expect(
                            kinds == ["type", "title", "status", "detail", "instance", "requestId"])
                        #expect(!answer.headers.contains { $0.name == .eTag })
                        continue
                    }
                    #expect(answer.status == 200, "\(method) \(path)")
                    #expect(!answer.text.contains("west"))
                }
                let health = try await server.send(.get, "/readyz")
                for part in ["etcd", "ledger", "mirror", "proof", "stored"] {
                    #expect(health.json["checks"]?[part]?["detail"] == "in order", "\(part)")
                }
                #expect(state.revision != "")
            }
        }

        private static func members(_ text: String) throws -> [String] {
            try JSONParser.parse(Array(text.utf8)).objectValue?.keys ?? []
        }

        /// A client that opens the stream gets the status at once, and no end.
        @Test(arguments: Role.allCases)
        func `the stream of the audit log is open to readers of the audit log`(
            role: Role
        ) async throws {
            var callers = Callers()
            let east = callers.add("limited", Grant(role, regions: .some(["east"])))
            let all = callers.add("all", Grant(role))
            try await TestApplication.with(access: callers.access) { server in
                for (_, name) in [east, all] {
                    let bytes = try await server.client.sendRaw(
                        Array(
                            """
                            GET /v1/audit/stream HTTP/1.1\r
                            Host: localhost\r
                            X-Test-Principal: \(name)\r\n\r\n
                            """.utf8), timeout: .milliseconds(500))
                    let status = role.permissions.contains(.readAudit) ? 200 : 403
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(role) \(name)")
                }
            }
        }

        /// The objects of both regions, as an administrator has made them.
        private struct State: Sendable {
            /// The id of a change that nobody made.
            static let absent = "01JF2Q4W8ZJ6N3T5V7X9Y0A1BC"
            /// The revision of the last write.
            var revision = ""
            /// The ids of the changes that wait, by region.
            var pending: [String: String] = [:]

            init(_ server: TestApplication, _ admin: (String, String)) async throws {
                for region in ["east", "west"] {
                    for (path, body) in [
                        ("/v1/regions/\(region)", AccessExpectation.block(region)),
                        ("/v1/regions/\(region)/subnets/web", AccessExpectation.subnet(region)),
                        ("/v1/policies/\(region)-only", AccessExpectation.policy(region)),
                        (
                            "/v1/regions/\(region)/policies/np",
                            AccessExpectation.regionPolicy(region)
                        ),
                    ] {
                        let answer = try await server.send(.put, path, body, [admin])
                        try #require(answer.status == 201, "\(path): \(answer.text)")
                        revision = try #require(answer.eTag).filter(\.isNumber)
                    }
                    let held = try await server.send(
                        .put, "/v1/policies/\(region)-waits", AccessExpectation.waiting(region),
                        [admin])
                    pending[region] = held.status == 202 ? held["X-Change-Id"] : nil
                }
            }

            /// Sends the request of the line and returns the status of the answer.
            func status(
                _ line: AccessExpectation, _ region: String, _ headers: [(String, String)],
                _ server: TestApplication
            ) async throws -> Int {
                let parts = line.route.split(separator: " ")
                let method = try #require(HTTPRequest.Method(String(parts[0])))
                var fields = HTTPFields()
                for (name, value) in headers + [("X-Reason", "the walk")] {
                    fields[try #require(HTTPField.Name(name))] = value
                }
                let body = line.body(region)?.replacing("REVISION", with: revision)
                if body != nil { fields[.contentType] = line.type }
                return try await server.client.send(
                    method, target(line, region, String(parts[1])), headers: fields,
                    body: body.map { Array($0.utf8) }
                ).status
            }

            private func target(
                _ line: AccessExpectation, _ region: String, _ pattern: String
            ) -> String {
                let name =
                    pattern.contains("subnets")
                    ? "web" : pattern.contains("regions") ? "np" : region + "-only"
                let id = line.route == "GET /v1/pending/{id}" ? pending[region] : nil
                let values = [
                    "region": region, "name": name, "seq": "1", "id": id ?? Self.absent,
                ]
                return values.reduce(pattern) { $0.replacing("{\($1.key)}", with: $1.value) }
                    + line.query.replacing("REVISION", with: revision)
            }
        }
    }
}
