import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of `/v1/apply` and `/v1/export`.
    struct ManifestTests {
        private static let manifest = """
            kind: NetworkPolicy
            apiVersion: projectcalico.org/v3
            metadata: {name: web, namespace: openstack-region-east, labels: {by: ci}}
            spec: {selector: all(), order: 5, types: [Ingress], ingress: [{action: Allow, source: {selector: has(a)}}]}
            ---
            kind: Subnet
            region: east
            name: web
            cidr: 10.2.0.0/24
            labels: {by: ci}
            ---
            # Comments and empty documents do not count.
            ---
            kind: Region
            name: east
            addressBlocks: [10.2.0.0/16]
            """
        private static let policies = "/v1/regions/east/policies/web"

        @Test func `a manifest is one change, and its export applies to an empty etcd`()
            async throws
        {
            try await TestApplication.with { server in
                let plan = try await server.send(
                    .post, "/v1/apply?dryRun=true", Self.manifest, type: "application/yaml")
                #expect(plan.status == 200)
                #expect(plan.json["changes"]?.arrayValue?.count == 3)
                #expect(try await server.send(.get, "/v1/regions/east").status == 404)

                let applied = try await server.send(
                    .post, "/v1/apply", Self.manifest, type: "application/yaml",
                    [("Idempotency-Key", "s1"), ("X-Reason", "move in")])
                #expect(applied.status == 200)
                let changes = applied.json["changes"]?.arrayValue ?? []
                #expect(
                    changes.compactMap { $0["verb"]?.stringValue } == [
                        "create", "create", "create",
                    ])
                #expect(
                    changes.compactMap { $0["kind"]?.stringValue } == [
                        "Region", "Subnet", "NetworkPolicy",
                    ])
                let id = try #require(applied["X-Change-Id"])
                let rows = try await server.send(.get, "/v1/audit?change=\(id)&origin=api").items
                #expect(rows.count == 3)
                #expect(rows.allSatisfy { $0["reason"] == "move in" })
                let tags = try await [
                    Self.policies, "/v1/regions/east/subnets/web", "/v1/regions/east",
                ]
                .asyncMap { try await server.send(.get, $0).eTag }
                #expect(Set(tags).count == 1, "one revision")
                let status = try await server.send(.get, "/v1/changes/\(id)")
                #expect(
                    status.json["objects"] == [
                        ["kind": "Region", "name": "east", "region": "east"],
                        ["kind": "Subnet", "name": "web", "region": "east"],
                        ["kind": "NetworkPolicy", "name": "web", "region": "east"],
                    ])

                let replayed = try await server.send(
                    .post, "/v1/apply", Self.manifest, type: "application/yaml",
                    [("Idempotency-Key", "s1")])
                #expect(replayed["Idempotency-Replayed"] == "true")
                #expect(replayed.json["changes"]?.arrayValue?.count == 3)
                let again = try await server.send(
                    .post, "/v1/apply", Self.manifest, type: "application/yaml")
                #expect(again["X-Change-Id"] == nil)
                #expect(again.json["revision"] == nil)

                for type in ["application/yaml", "application/json"] {
                    let export = try await server.send(.get, "/v1/export", [("Accept", type)])
                    #expect(export.status == 200)
                    let text = String(decoding: export.response.body, as: UTF8.self)
                    #expect(
                        text.ranges(of: "---").count == (type == "application/yaml" ? 3 : 0))
                    try await TestApplication.with { empty in
                        let applied = try await empty.send(.post, "/v1/apply", text, type: type)
                        #expect(applied.status == 200, "\(applied.json)")
                        let copy = try await empty.send(.get, "/v1/export", [("Accept", type)])
                        #expect(copy.response.body == export.response.body)
                    }
                }
            }
        }

        @Test func `a manifest with one bad document changes nothing and is recorded`() async throws
        {
            try await TestApplication.with { server in
                let bad =
                    Self.manifest
                    + "\n---\nkind: Subnet\nregion: east\nname: x\ncidr: 10.2.0.128/25\n"
                let refused = try await server.send(
                    .post, "/v1/apply", bad, type: "application/yaml")
                #expect(refused.status == 409)
                #expect(refused.json["violations"]?.arrayValue?.first?["pointer"] == "/3/cidr")
                #expect(try await server.send(.get, "/v1/regions").items.isEmpty)
                let rows = try await server.send(.get, "/v1/audit?outcome=refused").items
                #expect(rows.first?["kind"] == "Stream")
                let match = try await server.send(
                    .post, "/v1/apply", Self.manifest, type: "application/yaml", [("If-Match", "*")]
                )
                #expect(match.status == 400)
                let prune = try await server.send(
                    .post, "/v1/apply?prune=a%20=%20b", Self.manifest, type: "application/yaml")
                #expect(prune.status == 400)
                let unread = try await server.send(
                    .post, "/v1/apply", "a: [", type: "application/yaml")
                #expect(unread.status == 400)
            }
        }

        @Test
        func
            `a manifest too large for one transaction is refused as a whole, with advice to split it`()
            async throws
        {
            try await TestApplication.with { server in
                let subnets = (0..<140).map {
                    #"{"kind":"Subnet","region":"east","name":"s\#($0)","cidr":"10.2.\#($0).0/24"}"#
                }
                let region = #"{"kind":"Region","name":"east","addressBlocks":["10.2.0.0/16"]}"#
                func body(_ count: Int) -> String {
                    "[" + ([region] + subnets.prefix(count)).joined(separator: ",") + "]"
                }
                let refused = try await server.send(.post, "/v1/apply", body(140))
                #expect(refused.status == 413)
                #expect(refused.json["detail"]?.stringValue?.contains("Split") == true)
                #expect(try await server.send(.get, "/v1/regions").items.isEmpty)
                #expect(try await server.send(.post, "/v1/apply", body(125)).status == 200)
                #expect(try await server.send(.post, "/v1/apply", body(126)).status == 200)
            }
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(
        _ transform: (Element) async throws -> Value
    ) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
