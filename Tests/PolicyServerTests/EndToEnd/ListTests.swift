import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    struct ListTests {
        @Test func `pages follow one another to the end, by link and by cursor`() async throws {
            try await TestApplication.with { server in
                for name in ["a", "b", "c", "d", "e"] {
                    try await server.send(
                        .put, "/v1/regions/\(name)", #"{"labels":{"site":"x"}}"#)
                }
                var names: [[String]] = []
                var target: String? = "/v1/regions?limit=2&label=site%3Dx"
                while let next = target {
                    let page = try await server.send(.get, next)
                    names.append(page.names)
                    target = try page["Link"].map { link in
                        #expect(link.hasSuffix(">; rel=\"next\""))
                        let cursor = try #require(page.json["next"]?.stringValue)
                        #expect(link.contains("cursor=\(cursor)"))
                        return String(link.dropFirst().prefix { $0 != ">" })
                    }
                }
                #expect(names == [["a", "b"], ["c", "d"], ["e"]])
                let audit = try await server.send(.get, "/v1/audit?origin=api&limit=2")
                let cursor = try #require(audit.json["next"]?.stringValue)
                #expect(try await server.send(.get, "/v1/regions?cursor=\(cursor)").status == 400)
                let rest = try await server.send(
                    .get, "/v1/audit?origin=api&limit=1000&cursor=\(cursor)")
                #expect(rest.items.count == 3)
                #expect(rest["Link"] == nil)
            }
        }

        @Test func `filters select subnets across regions`() async throws {
            try await TestApplication.with { server in
                for (region, block) in [("west", "10.1.0.0/16"), ("east", "10.2.0.0/16")] {
                    try await server.send(
                        .put, "/v1/regions/\(region)", #"{"addressBlocks":["\#(block)"]}"#)
                }
                let subnets = [
                    ("west", "w0", "10.1.0.0/24"), ("west", "w1", "10.1.1.0/24"),
                    ("east", "e0", "10.2.0.0/20"),
                ]
                for (region, name, cidr) in subnets {
                    try await server.send(
                        .put, "/v1/regions/\(region)/subnets/\(name)",
                        #"{"cidr":"\#(cidr)","labels":{"net":"\#(name)"}}"#)
                }
                let cases: [(String, [String])] = [
                    ("", ["e0", "w0", "w1"]), ("region=west", ["w0", "w1"]), ("region=no", []),
                    ("overlaps=10.1.0.128/25", ["w0"]), ("within=10.1.0.0/23", ["w0", "w1"]),
                    ("contains=10.2.1.1", ["e0"]), ("contains=10.2.0.0/16", []),
                    ("label=net%3Dw1", ["w1"]), ("label=net%3Dw1&label=net%3Dw0", []),
                    ("region=east&overlaps=10.0.0.0/8", ["e0"]),
                ]
                for (query, names) in cases {
                    #expect(
                        try await server.send(.get, "/v1/subnets?\(query)").names == names,
                        "\(query)")
                }
                #expect(
                    try await server.send(.get, "/v1/regions/west/subnets").names == ["w0", "w1"])
                #expect(try await server.send(.get, "/v1/regions/no/subnets").status == 404)
                #expect(try await server.send(.get, "/v1/regions/no/policies").status == 404)
            }
        }

        @Test func `an unchanged list is not sent again`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/a", #"{"labels":{"x":"y"}}"#)
                let targets = [
                    "/v1/regions", "/v1/regions?label=x%3Dy", "/v1/regions?limit=1", "/v1/subnets",
                    "/v1/policies", "/v1/regions/a/subnets", "/v1/regions/a/policies",
                ]
                var tags: [String: String] = [:]
                for target in targets {
                    let list = try await server.send(.get, target)
                    let tag = try #require(list.eTag, "\(target)")
                    #expect(list.status == 200)
                    tags[target] = tag
                    let again = try await server.send(
                        .get, target, [("If-None-Match", #""x", W/"# + tag)])
                    #expect(again.status == 304, "\(target)")
                    #expect(again.eTag == tag)
                    #expect(again.response.body.isEmpty)
                    #expect(
                        try await server.send(.get, target, [("If-None-Match", "*")]).status == 304)
                    let yaml = try await server.send(
                        .get, target, [("If-None-Match", tag), ("Accept", "application/yaml")])
                    #expect(yaml.status == 200, "\(target)")
                }
                #expect(Set(tags.values).count == targets.count, "no tag is good for another list")
                let all = tags.values.joined(separator: ", ")
                let other = try await server.send(
                    .get, "/v1/regions?limit=2", [("If-None-Match", all)])
                #expect(other.status == 200)

                let revision = try #require(
                    try await server.send(.put, "/v1/regions/b", "{}").revision)
                for target in ["/v1/regions", "/v1/regions?limit=1", "/v1/regions/a/policies"] {
                    let next = target + (target.contains("?") ? "&" : "?") + "atLeast=\(revision)"
                    let list = try await server.send(
                        .get, next, [("If-None-Match", tags[target] ?? "")])
                    #expect(list.status == 200, "\(target)")
                    let known = [("If-None-Match", list.eTag ?? "")]
                    #expect(try await server.send(.get, target, known).status == 304)
                }
                let wrong = try await server.send(.get, "/v1/regions", [("If-None-Match", "x")])
                #expect(wrong.status == 400)
                // A list of an earlier state has no tag, because the ledger may later learn more about that state.
                #expect(try await server.send(.get, "/v1/regions?at=\(revision)").eTag == nil)
                let none = try await server.send(
                    .get, "/v1/regions/none/subnets", [("If-None-Match", "*")])
                #expect(none.status == 404)
            }
        }

        @Test func `a list's tag is valid for one run of the server`() async throws {
            try await withEtcd { etcd in
                var tags: Set<String> = []
                for _ in 0..<2 {
                    let found = Tag()
                    try await TestApplication.with(etcdURL: etcd.clientURL, etcd) { server in
                        try await server.waitUntilReady()
                        let list = try await server.send(.get, "/v1/regions")
                        await found.set(list.eTag)
                    }
                    tags.insert(try #require(await found.value))
                }
                #expect(tags.count == 2)
            }
        }

        private actor Tag {
            private(set) var value: String?
            func set(_ value: String?) { self.value = value }
        }

        @Test func `a contradictory query is refused`() async throws {
            let targets = [
                "/v1/subnets?bogus=1", "/v1/subnets?overlaps=10.1.0.1/16", "/v1/subnets?overlaps=x",
                "/v1/subnets?contains=10.0.0", "/v1/subnets?label=x", "/v1/subnets?limit=0",
                "/v1/subnets?limit=1001", "/v1/subnets?limit=1&limit=2", "/v1/subnets?cursor=x",
                "/v1/audit?origin=x", "/v1/audit?outcome=x", "/v1/audit?verb=x",
                "/v1/audit?since=yesterday", "/v1/audit?cursor=x", "/v1/changes/x",
                "/v1/regions/a?dryRun=true",
            ]
            try await TestApplication.with { server in
                for target in targets {
                    let answer = try await server.send(.get, target)
                    #expect(answer.status == 400, "\(target)")
                    #expect(answer["Content-Type"] == "application/problem+json")
                }
            }
        }
    }
}
