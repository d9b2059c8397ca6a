import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of `/v1/pending` over HTTP.
    struct PendingEndpointTests {
        private static let policy =
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web"},"spec":{"order":1,"selector":"projectcalico.org/namespace == 'openstack-region-east'","types":["Ingress"],"ingress":[{"action":"Allow"}]}}"#

        /// Takes the name in X-Test-Person for the principal.
        private struct People: Authenticator {
            var grants: [String: Grant]
            let method = AuthenticationMethod.token
            let challenge: String? = "Test"

            func authenticate(_ request: Request) throws(Problem) -> Authentication? {
                guard let field = HTTPField.Name("X-Test-Person"),
                    let name = request.headers[field],
                    let grant = grants[name]
                else { return nil }
                return .identity(Identity(name, method: .token, grants: [grant], credential: name))
            }
        }

        private func with(
            _ body:
                @Sendable (TestApplication, _ who: (String) -> [(String, String)]) async throws ->
                Void
        ) async throws {
            let access = Access([
                People(grants: [
                    "alice": Grant(.editor), "bob": Grant(.approver),
                    "wendy": Grant(.approver, regions: .some(["west"])), "root": Grant(.admin),
                ])
            ])
            let tokens = try TokenFixture()
            try tokens.add()
            try await TestApplication.with(
                flags: [
                    .twoPerson: ["GlobalNetworkPolicy"], .authenticate: ["token"],
                    .tokenFile: [tokens.path],
                ], access: access
            ) { application in
                try await body(application) { [("X-Test-Person", $0)] }
            }
        }

        @Test func `a change waits with 202, is shown, and is applied by another person`()
            async throws
        {
            try await with { application, who in
                let key = [("Idempotency-Key", "1"), ("X-Reason", "wanted"), ("X-Ticket", "CHG-1")]
                let held = try await application.send(
                    .put, "/v1/policies/web", Self.policy, who("alice") + key)
                #expect(held.status == 202)
                let path = try #require(held["Location"])
                #expect(held["X-Change-Id"].map { "/v1/pending/\($0)" } == path)
                #expect(held.json["requestedBy"] == "alice" && held.json["state"] == "waiting")
                #expect(held.json["reason"] == "wanted" && held.json["ticket"] == "CHG-1")
                #expect(held.json["objects"]?.arrayValue?.first?["regions"] == ["east"])
                let again = try await application.send(
                    .put, "/v1/policies/web", Self.policy, who("alice") + key)
                #expect(again.status == 202 && again["Idempotency-Replayed"] == "true")
                #expect(again.json["plan"] == held.json["plan"])
                #expect(
                    try await application.send(.get, "/v1/policies/web", who("alice")).status == 404
                )

                #expect(
                    try await application.send(.get, "/v1/pending", who("bob")).items.count == 1)
                #expect(
                    try await application.send(.get, "/v1/pending?requestedBy=eve", who("bob"))
                        .items
                        .isEmpty)
                #expect(
                    try await application.send(.get, "/v1/pending?region=west", who("bob")).items
                        .isEmpty)
                let shown = try await application.send(.get, path, who("bob"))
                #expect(shown.json["stale"] == false)
                #expect(shown.json["changes"]?.arrayValue?.first?["after"]?["spec"] != nil)
                // An approver of another region learns nothing.
                #expect(try await application.send(.get, "/v1/pending", who("wendy")).items.isEmpty)
                let reason = [("X-Reason", "looks right")]
                let hidden = try await application.send(.get, path, who("wendy"))
                let absent = try await application.send(
                    .get, "/v1/pending/00000000000000000000000000", who("wendy"))
                #expect(hidden.status == 404 && absent.status == 404)
                for action in ["confirm", "reject"] {
                    let answer = try await application.send(
                        .post, path + "/" + action, who("wendy") + reason)
                    #expect(answer.status == 404)
                    #expect(
                        try await application.send(
                            .post, path + "/" + action, who("alice") + reason
                        )
                        .status == 403)
                    #expect(
                        try await application.send(.post, path + "/" + action, who("bob")).status
                            == 400)
                }
                let confirmed = try await application.send(
                    .post, path + "/confirm", who("bob") + reason)
                #expect(confirmed.status == 201 && confirmed["ETag"] != nil)
                #expect(confirmed["Location"] == "/v1/policies/web")
                #expect(
                    try await application.send(.get, "/v1/policies/web", who("alice")).status == 200
                )
                #expect(try await application.send(.get, path, who("bob")).status == 404)
                let row = try #require(
                    try await application.send(
                        .get, "/v1/audit?kind=GlobalNetworkPolicy", who("root")
                    ).items.first)
                #expect(row["actor"] == "bob" && row["reason"] == "looks right")
                #expect(row["approval"]?["requestedBy"] == "alice")
                #expect(row["approval"]?["requestReason"] == "wanted")
                for author in ["alice", "bob", "ali"] {
                    let rows = try await application.send(
                        .get, "/v1/audit?requestedBy=\(author)", who("root")
                    ).items
                    #expect(rows.contains { $0["name"] == "web" } == (author == "alice"))
                    #expect(rows.allSatisfy { $0["approval"]?["requestedBy"] == "alice" })
                }
                #expect(
                    try await application.send(.get, "/v1/audit?requestedBy=", who("root")).status
                        == 400)
                let waited = try await application.send(
                    .get, "/v1/audit?kind=PendingChange&verb=create", who("root")
                ).items
                #expect(waited.map { $0["status"] } == [202])
            }
        }

        @Test func `the list has pages`() async throws {
            try await with { application, who in
                for name in ["web", "db", "dns"] {
                    let policy = Self.policy.replacing(#""web""#, with: "\"\(name)\"")
                    let held = try await application.send(
                        .put, "/v1/policies/\(name)", policy, who("alice"))
                    #expect(held.status == 202)
                }
                let all = try await application.send(.get, "/v1/pending", who("bob"))
                #expect(all.items.count == 3 && all.json["next"] == nil && all["Link"] == nil)
                let first = try await application.send(
                    .get, "/v1/pending?limit=2&requestedBy=alice", who("bob"))
                #expect(first.items == Array(all.items.prefix(2)))
                let next = try #require(first.json["next"]?.stringValue)
                #expect(first["Link"]?.contains("requestedBy=alice&cursor=\(next)") == true)
                let last = try await application.send(
                    .get, "/v1/pending?limit=2&cursor=\(next)", who("bob"))
                #expect(last.items == Array(all.items.suffix(1)) && last.json["next"] == nil)
                for query in ["limit=0", "limit=1001", "cursor=x"] {
                    let answer = try await application.send(
                        .get, "/v1/pending?\(query)", who("bob"))
                    #expect(answer.status == 400, "\(query)")
                }
            }
        }

        @Test func `the author withdraws, and an approver rejects`() async throws {
            try await with { application, who in
                for (person, method, suffix) in [
                    ("alice", HTTPRequest.Method.delete, ""), ("bob", .post, "/reject"),
                ] {
                    let held = try await application.send(
                        .put, "/v1/policies/web", Self.policy, who("alice"))
                    let path = try #require(held["Location"])
                    let answer = try await application.send(
                        method, path + suffix, who(person) + [("X-Reason", "no longer")])
                    #expect(answer.status == 204)
                    #expect(try await application.send(.get, path, who("alice")).status == 404)
                }
                #expect(
                    try await application.send(.get, "/v1/policies/web", who("bob")).status == 404)
            }
        }

        @Test func `break-glass needs a reason and the right, and is counted`() async throws {
            try await with { application, who in
                let glass = [("X-Break-Glass", "true")]
                func put(_ headers: [(String, String)]) async throws -> Answer {
                    try await application.send(.put, "/v1/policies/web", Self.policy, headers)
                }
                #expect(try await put(who("root") + glass).status == 400)
                #expect(try await put(who("root") + glass + [("X-Reason", "short")]).status == 400)
                #expect(try await put(who("root") + [("X-Break-Glass", "yes")]).status == 400)
                let reason = [("X-Reason", "the site is down")]
                #expect(try await put(who("alice") + glass + reason).status == 403)
                let done = try await put(who("root") + glass + reason)
                #expect(done.status == 201)
                #expect(done["Warning"]?.contains("two-person.overridden") == true)
                let metrics = try await application.send(.get, "/metrics", who("root")).text
                #expect(metrics.contains("\npolicy_server_break_glass_total 1\n"))
                let row = try #require(
                    try await application.send(
                        .get, "/v1/audit?kind=GlobalNetworkPolicy", who("root")
                    ).items.first)
                #expect(row["approval"]?["breakGlass"] == true)
            }
        }
    }
}
