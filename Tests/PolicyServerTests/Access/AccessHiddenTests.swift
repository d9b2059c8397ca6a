import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that an object, a change or a row of another region is answered exactly like one that does not exist:
    /// the same status, the same text and the same header fields, for every read and every kind of refusal.
    ///
    /// The time of the answers is not measured, because load would hide a difference. It is a property of the code: a
    /// region in the path is judged before anything is looked up (`Refusal.forbidden`, `AccessScope.reaches`), and a
    /// policy of another region takes the path of an absent one once `Planner.isHidden` has judged it.
    struct AccessHiddenTests {
        /// A request about a hidden thing. `@` stands for its name, and for the name of an absent thing of the same
        /// length, so that answers have the same length.
        private struct Question {
            var method: HTTPRequest.Method
            var target: String
            var body: String?
            var headers: [(String, String)]
            var caller: String

            init(
                _ method: HTTPRequest.Method, _ target: String, _ body: String? = nil,
                _ headers: [(String, String)] = [], by caller: String = "editor"
            ) {
                (self.method, self.target, self.body) = (method, target, body)
                (self.headers, self.caller) = (headers, caller)
            }
        }

        private static func policy(_ name: String, _ region: String) -> String {
            AccessExpectation.policy(region).replacing("\(region)-only", with: name)
        }

        /// The questions about a region `@` of others, and everything in it.
        private static func aboutRegion(tag: String, revision: String) -> [Question] {
            let region = "/v1/regions/@"
            let objects = [region, region + "/subnets/web", region + "/policies/np"]
            let bodies = [
                #"{"addressBlocks":["10.9.0.0/16"]}"#, #"{"cidr":"10.9.0.0/24"}"#,
                AccessExpectation.regionPolicy("@"),
            ]
            // These come first, because the refusals of the others are rows that an auditor of east may see.
            let inLog = [
                Question(.get, "/v1/audit?region=@", by: "auditor"),
                Question(.get, "/v1/audit?q=@", by: "auditor"),
                Question(.get, "/v1/audit?region=@&group_by=kind", by: "auditor"),
            ]
            var questions = zip(objects, bodies).flatMap { about($0, tag, revision, put: $1) }
            questions += [
                Question(.get, region + "/config"), Question(.get, region + "/subnets"),
                Question(.get, region + "/policies"), Question(.get, "/v1/subnets?region=@"),
                Question(.get, region + "/config?at=\(revision)"),
                Question(.get, region + "/subnets?at=\(revision)"),
                Question(.post, region + "/subnets", #"{"name":"x","prefixLength":24}"#),
                Question(
                    .post, "/v1/apply",
                    #"[{"kind":"Region","name":"@","addressBlocks":["10.9.0.0/16"]}]"#),
                Question(.post, "/v1/apply", #"[{"kind":"Subnet","region":"@","name":"a"}]"#),
                Question(.get, "/v1/pending?region=@"),
                Question(
                    .post, "/v1/access:check", #"{"method":"GET","path":"/v1/regions/@"}"#),
            ]
            return inLog + questions
        }

        /// The questions about one object.
        private static func about(
            _ path: String, _ tag: String, _ revision: String, put: String
        ) -> [Question] {
            let rollback = #"{"to":\#(revision)}"#
            return [
                Question(.get, path), Question(.head, path),
                Question(.get, path + "/history"), Question(.head, path + "/history"),
                Question(.get, path + "?at=\(revision)"),
                Question(.get, path, nil, [("If-None-Match", tag)]),
                Question(.get, path, nil, [("If-Match", tag)]),
                Question(.put, path, put), Question(.put, path, put, [("If-Match", tag)]),
                Question(.put, path, put, [("If-Match", #""1""#)]),
                Question(.put, path, put, [("If-None-Match", "*")]),
                Question(.put, path, "{"), Question(.put, path + "?dryRun=true", put),
                Question(.patch, path, #"{"description":"x"}"#),
                Question(.patch, path, #"{"description":"x"}"#, [("If-Match", tag)]),
                Question(.delete, path), Question(.delete, path, nil, [("If-Match", "*")]),
                Question(.delete, path, nil, [("If-Match", tag)]),
                Question(.delete, path + "?dryRun=true"),
                Question(.post, path + "/rollback", rollback),
                Question(.post, path + "/rollback", rollback, [("If-Match", tag)]),
            ]
        }

        /// The questions about a change `@`, which was made or waits.
        private static let aboutChange = [
            Question(.get, "/v1/audit?change=@", by: "auditor"),
            Question(.get, "/v1/audit?kind=PendingChange&name=@", by: "auditor"),
            Question(.get, "/v1/changes/@"), Question(.get, "/v1/changes/@", by: "approver"),
            Question(.get, "/v1/pending/@"), Question(.get, "/v1/pending/@", by: "approver"),
            Question(.post, "/v1/pending/@/confirm", nil, [("X-Reason", "r")], by: "approver"),
            Question(.post, "/v1/pending/@/reject", nil, [("X-Reason", "r")], by: "approver"),
            Question(.post, "/v1/pending/@/confirm", by: "approver"),
            Question(.delete, "/v1/pending/@"),
        ]

        private static let aboutRow = [
            Question(.get, "/v1/audit/@", by: "auditor"),
            Question(.get, "/v1/audit/proof?seq=@", by: "auditor"),
            Question(.get, "/v1/audit/@", nil, [("Accept", "application/yaml")], by: "auditor"),
        ]

        private static func callers() -> Callers {
            var callers = Callers()
            _ = callers.add("admin", Grant(.admin))
            for role in [Role.editor, .approver, .auditor] {
                _ = callers.add(role.rawValue, Grant(role, regions: .some(["east"])))
            }
            return callers
        }

        private static let admin = ("X-Test-Principal", "admin")

        @Test func `what is hidden is answered like what does not exist`() async throws {
            let tokens = try TokenFixture()
            try tokens.add()
            let flags: [Setting: [String]] = [
                .twoPerson: ["CrossRegionPolicy"], .authenticate: ["token"],
                .tokenFile: [tokens.path],
            ]
            try await TestApplication.with(flags: flags, access: Self.callers().access) { server in
                var made: [Answer] = []
                for (path, body) in [
                    ("/v1/regions/east", AccessExpectation.block("east")),
                    ("/v1/regions/west", AccessExpectation.block("west")),
                    ("/v1/regions/west/subnets/web", AccessExpectation.subnet("west")),
                    ("/v1/regions/west/policies/np", AccessExpectation.regionPolicy("west")),
                    ("/v1/policies/west-only", AccessExpectation.policy("west")),
                ] {
                    let answer = try await server.send(.put, path, body, [Self.admin])
                    try #require(answer.status == 201, "\(path): \(answer.text)")
                    made.append(answer)
                }
                let held = try await server.send(
                    .put, "/v1/policies/west-waits", AccessExpectation.waiting("west"),
                    [Self.admin])
                try #require(held.status == 202)
                let tag = try #require(made.last?.eTag)
                let revision = tag.filter(\.isNumber)
                try await Self.compare(
                    Self.aboutRegion(tag: tag, revision: revision), "west", "nope", server)
                let west = Self.policy("@-only", "west")
                try await Self.compare(
                    Self.about("/v1/policies/@-only", tag, revision, put: west), "west", "nope",
                    server)
                for answer in made.dropFirst() + [held] {
                    let id = try #require(answer["X-Change-Id"])
                    let absent = String(id.dropLast(4)) + (id.hasSuffix("ZZZZ") ? "0000" : "ZZZZ")
                    try await Self.compare(Self.aboutChange, id, absent, server)
                }
                let rows = try await server.send(
                    .get, "/v1/audit?region=west&order=asc", [Self.admin])
                let seq = try #require(rows.items.first?["seq"]?.numberValue?.int64)
                try #require(seq < 10)
                try await Self.compare(Self.aboutRow, "\(seq)", "\(seq + 90_000)", server)
                // Nothing of the above has changed anything.
                let waits = try await server.send(.get, "/v1/pending", [Self.admin])
                #expect(waits.items.count == 1)
                for path in ["/v1/regions/west", "/v1/policies/west-only"] {
                    #expect(try await server.send(.get, path, [Self.admin]).status == 200)
                }
                #expect(try await server.send(.get, "/v1/regions/nope", [Self.admin]).status == 404)
            }
        }

        @Test func `a second key of a policy is named only to who may see it`() async throws {
            let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
            try await TestApplication.with(access: Self.callers().access) { server in
                let etcd = try #require(server.etcd)
                for (name, region) in [("two", "east"), ("default.two", "west")] {
                    try await etcd.etcdctl(
                        "put", policies + name, Self.policy(name, region))
                }
                let path = "/v1/policies/two"
                try await eventually("the policies are known") {
                    try await server.send(.get, path, [Self.admin])["Warning"]?
                        .contains("default.two") == true
                }
                let editor = ("X-Test-Principal", "editor")
                for path in [path, "/v1/policies"] {
                    let answer = try await server.send(.get, path, [editor])
                    #expect(answer.status == 200)
                    #expect(answer["Warning"] == nil)
                    #expect(answer.json["findings"] == nil)
                    #expect(!answer.text.contains("default.two"))
                }
                let listed = try await server.send(.get, "/v1/policies", [Self.admin])
                #expect(listed.text.contains("default.two"))
            }
        }

        private static func compare(
            _ questions: [Question], _ hidden: String, _ absent: String, _ server: TestApplication
        ) async throws {
            for question in questions {
                let first = try await ask(question, hidden, server)
                let second = try await ask(question, absent, server)
                #expect(
                    first == second, "\(question.method) \(question.target) \(question.headers)")
                #expect(!(200..<300 ~= first.status) || first.isEmpty, "\(question): \(first)")
            }
        }

        /// An answer without the name that was asked for.
        private struct Seen: Equatable {
            var status: Int
            var headers: [String]
            var text: String

            /// True if the answer has an empty list, no counted row or a no to the question of rights.
            var isEmpty: Bool {
                [#""items":[]"#, #""groups":[]"#, #""allowed":false"#].contains {
                    text.contains($0)
                }
            }
        }

        private static func ask(
            _ question: Question, _ name: String, _ server: TestApplication
        ) async throws -> Seen {
            var fields = HTTPFields()
            if question.method == .patch {
                fields[.contentType] = "application/merge-patch+json"
            } else if question.body != nil {
                fields[.contentType] = "application/json"
            }
            let own = [("X-Test-Principal", question.caller), ("X-Request-Id", "r")]
            for (name, value) in question.headers + own {
                fields[try #require(HTTPField.Name(name))] = value
            }
            let answer = try await server.client.send(
                question.method, question.target.replacing("@", with: name), headers: fields,
                body: question.body.map { Array($0.replacing("@", with: name).utf8) })
            // The lengths differ only if the names do.
            let ignored = Set(
                ["date"] + (name.count < 4 || name.count == 5 ? ["content-length"] : []))
            let headers = answer.headers.filter { !ignored.contains($0.name.canonicalName) }
                .map { "\($0.name.canonicalName): \($0.value.replacing(name, with: "@"))" }
            return Seen(
                status: answer.status, headers: headers.sorted(),
                text: answer.text.replacing(name, with: "@"))
        }
    }
}
