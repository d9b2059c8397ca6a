import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that a caller learns nothing about regions in which the caller has no rights: all answers stay the same,
    /// byte for byte, whatever happens there.
    struct AccessLeakTests {
        private static func policy(_ name: String, _ region: String, peer: String? = nil) -> String
        {
            func vms(_ region: String) -> String {
                "projectcalico.org/namespace == 'openstack-region-\(region)'"
            }
            let source = peer.map { #","source":{"selector":"\#(vms($0))"}"# } ?? ""
            return
                #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)","labels":{"by":"ci"}},"spec":{"order":1,"selector":"\#(vms(region))","types":["Ingress"],"ingress":[{"action":"Allow"\#(source)}]}}"#
        }

        private static func crossRegion(_ name: String, from: String, to: String) -> String {
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(name)"},"spec":{"order":5,"allow":[{"from":{"region":"\#(from)","securityGroup":"85cc3048-abc3-43cc-89b3-377341426ac5"},"to":{"region":"\#(to)"}},{"from":{"region":"\#(from)"},"to":{"region":"\#(to)","project":"p"}}]}}"#
        }

        private static func namespaced(_ peer: String) -> String {
            #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"np"},"spec":{"selector":"has(x)","types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"\#(peer)","namespaceSelector":"global()"}}]}}"#
        }

        /// The objects of region east alone.
        private static let own: [(String, String)] = [
            ("/v1/regions/east", #"{"addressBlocks":["10.2.0.0/16"]}"#),
            ("/v1/regions/east/subnets/web", #"{"cidr":"10.2.0.0/24","labels":{"by":"ci"}}"#),
            ("/v1/regions/east/subnets/db", #"{"cidr":"10.2.1.0/24"}"#),
            ("/v1/policies/m-own", policy("m-own", "east")),
            ("/v1/policies/m-cross", crossRegion("m-cross", from: "east", to: "east")),
            ("/v1/regions/east/policies/np", namespaced("policyserver/region == 'east'")),
        ]

        /// Changes that touch other regions: creations, changes and deletions.
        private static let foreign: [(HTTPRequest.Method, String, String?)] = [
            (.put, "/v1/regions/west", #"{"addressBlocks":["10.1.0.0/16"],"labels":{"by":"ci"}}"#),
            (.put, "/v1/regions/a-first", #"{}"#), (.put, "/v1/regions/z-last", #"{}"#),
            (.put, "/v1/regions/west/subnets/web", #"{"cidr":"10.1.0.0/24","labels":{"by":"ci"}}"#),
            (.put, "/v1/policies/a-west", policy("a-west", "west")),
            (.put, "/v1/policies/z-west", policy("z-west", "west")),
            (.put, "/v1/policies/n-both", policy("n-both", "east", peer: "west")),
            (.put, "/v1/policies/o-cross", crossRegion("o-cross", from: "east", to: "west")),
            (.put, "/v1/policies/p-cross", crossRegion("p-cross", from: "west", to: "east")),
            (.put, "/v1/regions/west/policies/np", namespaced("policyserver/region == 'west'")),
            (
                .put, "/v1/regions/east/policies/to-west",
                namespaced("policyserver/region == 'west'")
                    .replacing(#""np""#, with: #""to-west""#)
            ),
            (.put, "/v1/policies/a-west", policy("a-west", "west", peer: "east")),
            (.delete, "/v1/policies/z-west", nil), (.delete, "/v1/regions/z-last", nil),
        ]

        /// The reads, and writes that are refused or dry runs, of an editor of east. None of them may show the others.
        private static func questions(
            from first: String, to revision: String
        ) -> [(HTTPRequest.Method, String, String?, [(String, String)])] {
            var questions: [(HTTPRequest.Method, String, String?, [(String, String)])] = []
            func get(_ targets: String...) {
                for target in targets {
                    questions.append((.get, target, nil, []))
                    questions.append((.head, target, nil, []))
                    questions.append((.get, target, nil, [("If-None-Match", "*")]))
                    questions.append((.get, target, nil, [("Accept", "application/yaml")]))
                }
            }
            get(
                "/v1/regions", "/v1/regions?limit=1", "/v1/subnets", "/v1/subnets?limit=1",
                "/v1/subnets?overlaps=10.0.0.0/8", "/v1/subnets?contains=10.1.0.1",
                "/v1/subnets?region=west", "/v1/subnets?label=by%3Dci", "/v1/policies",
                "/v1/policies?limit=1", "/v1/policies?limit=2", "/v1/policies?label=by%3Dci",
                "/v1/regions/east/policies", "/v1/regions/east/subnets", "/v1/export")
            for region in ["east", "west", "z-last", "none"] {
                get(
                    "/v1/regions/\(region)", "/v1/regions/\(region)/config",
                    "/v1/regions/\(region)/history", "/v1/regions/\(region)/subnets",
                    "/v1/regions/\(region)/policies", "/v1/regions/\(region)/subnets/web",
                    "/v1/regions/\(region)/subnets/web/history",
                    "/v1/regions/\(region)/policies/np",
                    "/v1/regions/\(region)/policies/np/history")
            }
            get("/v1/regions/east/policies/to-west", "/v1/regions/east/policies/to-west/history")
            for policy in [
                "m-own", "m-cross", "m-cross-01", "a-west", "z-west", "n-both", "o-cross",
                "o-cross-01", "p-cross", "p-cross-01",
            ] {
                get("/v1/policies/\(policy)", "/v1/policies/\(policy)/history")
                questions += [
                    (.delete, "/v1/policies/\(policy)?dryRun=true", nil, []),
                    (.delete, "/v1/policies/\(policy)?dryRun=true", nil, [("If-Match", "*")]),
                    (.patch, "/v1/policies/\(policy)?dryRun=true", #"{"spec":{"order":9}}"#, []),
                    (
                        .put, "/v1/policies/\(policy)?dryRun=true",
                        Self.crossRegion(policy, from: "east", to: "west"), []
                    ),
                    (
                        .put, "/v1/policies/\(policy)?dryRun=true",
                        Self.policy(policy, "east", peer: "west"), []
                    ),
                ]
            }
            for region in ["west", "none"] {
                let path = "/v1/regions/\(region)"
                questions += [
                    (.put, path + "?dryRun=true", "{}", []),
                    (.delete, path + "?dryRun=true", nil, []),
                    (.patch, path + "?dryRun=true", #"{"description":"x"}"#, []),
                    (.post, path + "/rollback?dryRun=true", #"{"to":\#(revision)}"#, []),
                    (.put, path + "/subnets/web?dryRun=true", #"{"cidr":"10.2.0.0/24"}"#, []),
                    (.delete, path + "/subnets/web?dryRun=true", nil, []),
                    (.delete, path + "/policies/np?dryRun=true", nil, [("If-Match", "*")]),
                    (
                        .post, path + "/subnets?dryRun=true",
                        #"{"name":"x","prefixLength":24}"#, []
                    ),
                ]
            }
            questions += [
                (.put, "/v1/policies/new?dryRun=true", Self.policy("new", "east"), []),
                (
                    .post, "/v1/apply?dryRun=true&prune=by%20%3D%3D%20'ci'",
                    #"[{"kind":"Region","name":"east","addressBlocks":["10.2.0.0/16"]},\#(Self.policy("new", "east"))]"#,
                    []
                ),
                (.put, "/v1/regions/east?dryRun=true", #"{"addressBlocks":["10.2.0.0/15"]}"#, []),
                (
                    .post, "/v1/access:check", #"{"permission":"read-objects","regions":["west"]}"#,
                    []
                ),
            ]
            for at in ["?at=\(revision)"] {
                for path in ["/v1/regions", "/v1/subnets", "/v1/policies", "/v1/export"] {
                    questions.append((.get, path + at, nil, []))
                }
            }
            questions.append((.get, "/v1/diff?from=\(first)&to=\(revision)", nil, []))
            return questions
        }

        /// The parts of an answer that a client can compare.
        private struct Seen: Equatable {
            var status: Int
            var headers: [String]
            var body: String
        }

        @Test func `an editor of one region gets the same answers whatever happens in others`()
            async throws
        {
            var callers = Callers()
            let admin = callers.add("admin", Grant(.admin))
            let editor = callers.add("editor", Grant(.editor, regions: .some(["east"])))
            try await TestApplication.with(access: callers.access) { server in
                for (path, body) in Self.own {
                    let answer = try await server.send(.put, path, body, [admin])
                    try #require(answer.status == 201, "\(path): \(answer.text)")
                }
                let newest = try await server.send(.get, "/v1/regions/east/policies/np", [admin])
                let revision = try #require(newest.eTag).filter(\.isNumber)
                let oldest = try await server.send(.get, "/v1/regions/east", [admin])
                let first = try #require(oldest.eTag).filter(\.isNumber)
                let before = try await Self.answers(server, from: first, to: revision, editor)
                for (method, path, body) in Self.foreign {
                    let answer = try await server.send(method, path, body, [admin])
                    try #require(answer.status < 300, "\(path): \(answer.text)")
                }
                let after = try await Self.answers(server, from: first, to: revision, editor)
                for ((question, old), (_, new)) in zip(before, after) where old != new {
                    Issue.record("\(question): \(old) became \(new)")
                }
                // The same questions show the others to somebody who may see them.
                let all = try await Self.answers(server, from: first, to: revision, admin)
                #expect(zip(all, after).filter { $0.1 != $1.1 }.count > 60)
                let text = after.map(\.1.body).joined()
                #expect(!text.contains(#""name":"o-cross""#) && !text.contains("10.1.0.0/16"))
            }
        }

        @Test
        func `a policy that comes to touch another region leaves the view of its old readers`()
            async throws
        {
            var callers = Callers()
            let admin = callers.add("admin", Grant(.admin))
            let editor = callers.add("editor", Grant(.editor, regions: .some(["east"])))
            try await TestApplication.with(access: callers.access) { server in
                for region in ["east", "west"] {
                    try await server.send(.put, "/v1/regions/\(region)", "{}", [admin])
                }
                let path = "/v1/policies/p"
                let first = try await server.send(.put, path, Self.policy("p", "east"), [editor])
                #expect(first.status == 201)
                let second = try await server.send(
                    .put, path, Self.policy("p", "east", peer: "west"), [admin])
                #expect(second.status == 200)
                #expect(try await server.send(.get, path, [editor]).status == 404)
                let third = try await server.send(.put, path, Self.policy("p", "east"), [admin])
                #expect(third.status == 200)
                #expect(try await server.send(.get, path, [editor]).eTag == third.eTag)
                let history = try await server.send(.get, path + "/history", [editor])
                #expect(history.items.count == 3)
                #expect(!history.text.contains("openstack-region-west"))
                // The author of a change with a hidden side is hidden too.
                #expect(history.items.map { $0["actor"]?.stringValue } == [nil, nil, "editor"])
                #expect(
                    history.items.map { $0["verb"]?.stringValue } == ["create", "delete", "create"])
                let old = try #require(second.eTag).filter(\.isNumber)
                #expect(try await server.send(.get, path + "?at=\(old)", [editor]).status == 404)
                let pages = try await server.send(.get, path + "/history?limit=1", [editor])
                #expect(pages.items.count == 1 && pages.json["next"] != nil)
            }
        }

        @Test
        func
            `the answer to an earlier request is given only to its principal, and only what it may see`()
            async throws
        {
            var callers = Callers()
            let admin = callers.add("admin", Grant(.admin))
            let editor = callers.add("editor", Grant(.editor, regions: .some(["east"])))
            try await TestApplication.with(access: callers.access) { server in
                try await server.send(.put, "/v1/regions/east", "{}", [admin])
                let key = ("Idempotency-Key", "k")
                let body = #"{"description":"x"}"#
                let first = try await server.send(.put, "/v1/regions/west", body, [admin, key])
                #expect(first.status == 201)
                let again = try await server.send(.put, "/v1/regions/west", body, [admin, key])
                #expect(again["Idempotency-Replayed"] == "true")
                let other = try await server.send(.put, "/v1/regions/west", body, [editor, key])
                #expect(other.status == 403 && other["Idempotency-Replayed"] == nil)
            }
        }

        private static func answers(
            _ server: TestApplication, from first: String, to revision: String,
            _ caller: (String, String)
        ) async throws -> [(String, Seen)] {
            var answers: [(String, Seen)] = []
            for (method, target, body, headers) in questions(from: first, to: revision) {
                var fields = HTTPFields()
                if method == .patch {
                    fields[.contentType] = "application/merge-patch+json"
                } else if body != nil {
                    fields[.contentType] = "application/json"
                }
                for (name, value) in headers + [caller] {
                    fields[try #require(HTTPField.Name(name))] = value
                }
                let answer = try await server.client.send(
                    method, target, headers: fields, body: body.map { Array($0.utf8) })
                let shown = answer.headers.filter {
                    !["date", "x-request-id", "x-history-since"].contains($0.name.canonicalName)
                }.map { "\($0.name.canonicalName): \($0.value)" }
                // A problem repeats the id of its request. A new object has a random id and the present time.
                var text = answer.text
                for pattern in ["requestId", "uid", "creationTimestamp", "createdAt"] {
                    text = Self.masked(pattern, in: text)
                }
                answers.append(
                    (
                        "\(method) \(target) \(headers)",
                        Seen(status: answer.status, headers: shown.sorted(), body: text)
                    ))
            }
            return answers
        }

        /// Removes the values of a JSON member with a text.
        private static func masked(_ member: String, in text: String) -> String {
            let start = "\"\(member)\":\""
            let parts = text.split(separator: start, omittingEmptySubsequences: false)
            return parts.dropFirst().reduce(String(parts[0])) { result, part in
                result + start + part.drop { $0 != "\"" }
            }
        }
    }
}
