import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that an illegal value of a query parameter gets an answer that names the legal values, for every GET
    /// endpoint.
    struct QuestionTests {
        private let routes: [Route]

        init() throws {
            routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes
                .filter { $0.method == .get }
        }

        @Test func `every failed question is told what can be asked`() async throws {
            try await TestApplication.with { server in
                try await Self.prepare(server)
                for route in routes {
                    for question in Question.all
                    where question.pattern.map({ $0 == route.pattern }) ?? true
                        && route.query.contains(where: { $0.name == question.parameter })
                        && !Self.isOtherwise(question, route)
                    {
                        let target = Self.path(route.pattern) + "?" + question.query
                        let answer = try await server.send(.get, target)
                        let detail = answer.json["detail"]?.stringValue ?? ""
                        #expect([400, 404].contains(answer.status), "\(target): \(answer.text)")
                        #expect(detail.contains(question.told), "\(target): \(detail)")
                    }
                }
            }
        }

        @Test func `the page of typical mistakes states the answers to failed questions`()
            async throws
        {
            let rows = try Repository.text("docs/mistakes.md").matches(
                of: /(?m)^\| `GET (.+)` \| (.+) \|/
            ).map { (target: String($0.output.1), told: String($0.output.2)) }
            #expect(rows.count >= 15)
            try await TestApplication.with { server in
                try await Self.prepare(server)
                for (target, told) in rows {
                    let answer = try await server.send(.get, target)
                    let detail = answer.json["detail"]?.stringValue ?? ""
                    #expect([400, 404].contains(answer.status), "\(target): \(answer.text)")
                    #expect(detail.contains(told), "\(target): \(detail)")
                }
            }
        }

        @Test func `there is a question for every parameter of every GET endpoint`() {
            for route in routes {
                for parameter in route.query.map(\.name)
                where !Question.freeText.contains(parameter) {
                    let isAsked = Question.all.contains {
                        $0.parameter == parameter
                            && ($0.pattern.map { $0 == route.pattern }
                                ?? !Self.isOtherwise($0, route))
                    }
                    #expect(isAsked, "\(parameter) of \(route.pattern)")
                }
            }
        }

        @Test func `an unknown parameter is told the known ones`() async throws {
            try await TestApplication.with { server in
                try await Self.prepare(server)
                for route in routes {
                    let target = Self.path(route.pattern) + "?actr=bob"
                    let answer = try await server.send(.get, target)
                    #expect(answer.status == 400, "\(target)")
                    let known = route.query.map(\.name).joined(separator: ", ")
                    #expect(
                        answer.json["detail"]?.stringValue
                            == "The query parameter 'actr' is not known here; the known parameters are: "
                            + (known.isEmpty ? "none" : known) + ".")
                }
            }
        }

        @Test(arguments: [
            ("/v1/audit/0", "from 1"), ("/v1/audit/last", "from 1"),
            ("/v1/changes/4711", "26 characters"), ("/v1/audit/4711", "no row 4711"),
            ("/v1/regions/nowhere/subnets", "no region nowhere"),
        ])
        func `an impossible path is told the possible form`(path: String, told: String) async throws
        {
            try await TestApplication.with { server in
                try await Self.prepare(server)
                let answer = try await server.send(.get, path)
                #expect([400, 404].contains(answer.status))
                #expect(answer.text.contains(told), "\(answer.text)")
            }
        }

        @Test(arguments: [
            "since=1h", "since=90s", "since=7d", "since=2w", "since=2020-11-28", "until=0s",
            "since=2020-11-28&until=2999-01-01", "match=overlaps", "problem=/problems/overlap",
            "problem=overlap", "kind=AuditLog", "kind=CrossRegionPolicy", "kind=Stream",
            "clientAddress=::1",
        ])
        func `the usual spellings are understood`(query: String) async throws {
            try await TestApplication.with { server in
                let answer = try await server.send(.get, "/v1/audit?limit=1&\(query)")
                #expect(answer.status == 200, "\(answer.text)")
            }
        }

        @Test(arguments: [
            "region=Berlin", "name=Berlin", "clientAddress=127.0.0.1", "actor=anonymous@127.0.0.1",
        ])
        func `a refused request is found by the name it used`(query: String) async throws {
            try await TestApplication.with { server in
                #expect(try await server.send(.put, "/v1/regions/Berlin", "{}").status == 422)
                let rows = try await server.rows(1, "/v1/audit?outcome=refused&\(query)")
                #expect(rows.first?["region"] == "Berlin", "\(rows)")
            }
        }

        @Test func `an address is found in every spelling`() async throws {
            for (text, row) in [
                ("0:0:0:0:0:0:0:1", "::1"), ("::0001", "::1"), ("2001:DB8::A", "2001:db8::a"),
                ("::ffff:127.0.0.1", "::ffff:127.0.0.1"), ("192.0.2.7", "192.0.2.7"),
            ] {
                var request = Request(method: .get, path: "/v1/audit")
                request.query = QueryItems([("clientAddress", text)])
                #expect(try AuditFilter(request).clientAddress == row)
            }
        }

        @Test func `a later page of a duration is of the same moment`() async throws {
            try await TestApplication.with { server in
                try await Self.prepare(server)
                let page = try await server.send(.get, "/v1/audit?since=1h&limit=1")
                let link = try #require(page["Link"])
                #expect(!link.contains("1h"), "\(link)")
                let next = link.dropFirst().prefix { $0 != ">" }
                #expect(try await server.send(.get, String(next)).status == 200)
            }
        }

        @Test func `a search does not find the searches before it`() async throws {
            try await TestApplication.with { server in
                try await Self.prepare(server)
                try await eventually("the searches are on record") {
                    let answer = try await server.send(.get, "/v1/audit?q=needle-1")
                    #expect(answer.items.isEmpty, "\(answer.text)")
                    return try await !server.send(.get, "/v1/audit?q=needle-1&verb=read").items
                        .isEmpty
                }
                let answer = try await server.send(.get, "/v1/audit?q=needle-1")
                #expect(answer.items.isEmpty, "\(answer.text)")
            }
        }

        private static func prepare(_ server: TestApplication) async throws {
            let region = #"{"addressBlocks":["10.1.0.0/16"]}"#
            #expect(try await server.send(.put, "/v1/regions/west", region).status == 201)
            let subnet = #"{"cidr":"10.1.2.0/24"}"#
            #expect(
                try await server.send(.put, "/v1/regions/west/subnets/web", subnet).status == 201)
        }

        /// Returns true if this route has its own questions about the parameter, because the parameter has another
        /// meaning here.
        private static func isOtherwise(_ question: Question, _ route: Route) -> Bool {
            question.pattern == nil
                && Question.all.contains {
                    $0.parameter == question.parameter && $0.pattern == route.pattern
                }
        }

        private static func path(_ pattern: String) -> String {
            let isSubnet = pattern.contains("/subnets/")
            return pattern.replacing("{region}", with: "west")
                .replacing("{name}", with: isSubnet ? "web" : "no-such")
                .replacing("{seq}", with: "1")
                .replacing("{id}", with: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        }
    }
}
