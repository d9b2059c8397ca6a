import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of documents in requests and answers: formats, violations, merge patches.
    struct DocumentTests {
        @Test func `YAML goes in and out`() async throws {
            try await TestApplication.with { server in
                let path = "/v1/regions/west"
                let created = try await server.send(
                    .put, path, "displayName: West\naddressBlocks:\n- 10.1.0.0/16\n",
                    type: "application/yaml", [("Accept", "application/yaml")])
                #expect(created.status == 201)
                #expect(created["Content-Type"] == "application/yaml")
                let document = try YAMLParser.parse(created.response.body)
                #expect(document["displayName"] == "West")
                let preferred = [("Accept", "application/yaml;q=0.5, application/json;q=0.9")]
                #expect(
                    try await server.send(.get, path, preferred)["Content-Type"]
                        == "application/json")
                #expect(try await server.send(.get, path, [("Accept", "image/png")]).status == 406)
                let parts = try await server.send(.get, path + "/config").json
                #expect(parts["files"]?.arrayValue?.count == 2)
                let config = try await server.send(
                    .get, path + "/config", [("Accept", "text/plain")])
                #expect(config["Content-Type"] == "text/plain; charset=utf-8")
                #expect(config.text.contains("[global]\nOpenstackRegion = west\n"))
                #expect(config.text.contains("[calico]\nopenstack_region = west\n"))
                let list = try await server.send(.get, "/v1/regions", [("Accept", "text/yaml")])
                #expect(try YAMLParser.parse(list.response.body)["items"]?.arrayValue?.count == 1)
            }
        }

        @Test func `a violation has line and column in the text that was sent`() async throws {
            try await TestApplication.with { server in
                let region = try await server.send(
                    .put, "/v1/regions/west", "displayName: West\naddressBlocks:\n- 10.1.0.1/16\n",
                    type: "application/yaml")
                let violation = region.json["violations"]?.arrayValue?.first
                #expect(violation?["line"] == 3)
                #expect(violation?["column"] == 3)
                let manifest = try await server.send(
                    .post, "/v1/apply", "kind: Region\nname: west\n---\nkind: Region\nname: East\n",
                    type: "application/yaml")
                #expect(manifest.json["violations"]?.arrayValue?.first?["line"] == 5)
                let unread = try await server.send(
                    .put, "/v1/regions/west", "a: 1\na: 2\n", type: "application/yaml")
                // The error has the position of the first of the two keys.
                #expect(unread.json["violations"]?.arrayValue?.first?["line"] == 1)
            }
        }

        @Test func `every violation is answered at once, with its pointer`() async throws {
            try await TestApplication.with { server in
                let answer = try await server.send(
                    .put, "/v1/regions/west",
                    #"{"name":"east","addressBlocks":["10.1.0.1/16","x"],"bogus":1,"labels":{"a":1}}"#
                )
                #expect(answer.status == 422)
                let pointers = (answer.json["violations"]?.arrayValue ?? [])
                    .compactMap { $0["pointer"]?.stringValue }
                #expect(
                    Set(pointers).isSuperset(of: [
                        "/name", "/addressBlocks/0", "/addressBlocks/1", "/bogus", "/labels/a",
                    ]))
                let named = try await server.send(.put, "/v1/regions/RegionOne", "{}")
                #expect(named.status == 422)
                #expect(named.text.contains("regionone"))
            }
        }

        @Test(arguments: [
            (#"{"a":1,"a":2}"#, "application/json", "document.duplicate-key"),
            ("{", "application/json", "json.syntax"),
            ("", "application/json", "document.empty"),
            ("a: 1\na: 2\n", "application/yaml", "document.duplicate-key"),
        ])
        func `a body that is not a document is 400 and recorded`(
            _ body: String, _ type: String, _ rule: String
        ) async throws {
            try await TestApplication.with { server in
                let answer = try await server.send(
                    .put, "/v1/regions/west", body, type: type, [("X-Actor", "mallory")])
                #expect(answer.status == 400)
                #expect(answer.rules == [rule])
                let row = try #require(
                    try await server.send(.get, "/v1/audit?actor=mallory").items.first)
                #expect(row["outcome"] == "refused")
                #expect(row["status"] == 400)
                #expect(row["name"] == "west")
            }
        }

        @Test func `a merge patch replaces, merges and removes`() async throws {
            try await TestApplication.with { server in
                let path = "/v1/regions/west"
                try await server.send(
                    .put, path, #"{"displayName":"W","description":"d","labels":{"a":"1","b":"2"}}"#
                )
                let patched = try await server.send(
                    .patch, path, #"{"displayName":null,"labels":{"a":null,"c":"3"}}"#,
                    type: "application/merge-patch+json")
                #expect(patched.status == 200)
                #expect(patched.json["displayName"] == nil)
                #expect(patched.json["description"] == "d")
                #expect(patched.json["labels"] == ["b": "2", "c": "3"])
                #expect(try await server.send(.patch, "/v1/regions/no", "{}").status == 404)
            }
        }

        @Test func `a region policy is stored in its region's namespace`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                let policy = """
                    {"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy",\
                    "metadata":{"name":"NAME"},"spec":{"selector":"all()","types":["Ingress"]}}
                    """
                let path = "/v1/regions/west/policies/"
                let created = try await server.send(
                    .put, path + "dns", policy.replacing("NAME", with: "dns"))
                #expect(created.status == 201)
                #expect(created.json["metadata"]?["namespace"] == "openstack-region-west")
                let reserved = try await server.send(
                    .put, path + "ossg.default.x", policy.replacing("NAME", with: "ossg.default.x"))
                #expect(reserved.status == 422)
                #expect(try await server.send(.get, path.dropLast() + "").items.count == 1)
                let used = try await server.send(.delete, "/v1/regions/west")
                #expect(used.status == 409)
                #expect(used.json["usedBy"]?.arrayValue?.count == 1)
                #expect(try await server.send(.delete, path + "dns").status == 204)
                #expect(try await server.send(.delete, "/v1/regions/west").status == 204)
                #expect(try await server.send(.delete, "/v1/regions/west").status == 404)
            }
        }
    }
}
