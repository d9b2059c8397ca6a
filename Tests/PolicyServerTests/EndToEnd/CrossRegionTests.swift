import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    struct CrossRegionTests {
        @Test
        func `a policy between regions is written, read, listed, exported and audited as one`()
            async throws
        {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/xyz-west", "{}")
                try await server.send(.put, "/v1/regions/xyz-east", "{}")
                let yaml = """
                    kind: CrossRegionPolicy
                    metadata: {name: web-from-apps, labels: {}}
                    spec:
                      description: storefront may call the catalogue
                      order: 500                      # optional
                      allow:
                      - from: {region: xyz-west, securityGroup: 85cc3048-abc3-43cc-89b3-377341426ac5}
                        to:   {region: xyz-east, securityGroup: a7734e61-b545-452d-a3cd-0189cbd9747a}
                        protocol: TCP
                        ports: [80, "8080:8090"]
                      - from: {region: xyz-west}
                        to:   {region: xyz-east}
                        protocol: ICMP
                      deny: []
                    """
                let path = "/v1/policies/web-from-apps"
                let created = try await server.send(.put, path, yaml, type: "application/yaml")
                #expect(created.status == 201, "\(created.json)")
                let read = try await server.send(.get, path)
                #expect(read.json == created.json)
                #expect(read.eTag == created.eTag)
                #expect(read.json["spec"]?["order"] == 500)
                #expect(read.json["status"]?["compiled"]?.arrayValue?.count == 2)
                #expect(read.json["status"]?["drift"] == [])
                let listed = try await server.send(.get, "/v1/policies").items
                #expect(listed == [read.json])

                let again = try await server.send(
                    .put, path, String(decoding: read.response.body, as: UTF8.self),
                    [("If-Match", read.eTag ?? "")])
                #expect(again.status == 200)
                #expect(again["X-Change-Id"] == nil)
                #expect(
                    try await server.send(.delete, path + "-01").json["type"]
                        == "/problems/reserved-name")

                let export = try await server.send(
                    .get, "/v1/export", [("Accept", "application/json")])
                #expect(
                    export.json.arrayValue?.compactMap { $0["kind"]?.stringValue } == [
                        "Region", "Region", "CrossRegionPolicy",
                    ])
                let id = try #require(created["X-Change-Id"])
                let rows = try await server.send(.get, "/v1/audit?change=\(id)&origin=api").items
                #expect(
                    Set(rows.compactMap { $0["name"]?.stringValue }) == [
                        "web-from-apps", "web-from-apps-01",
                    ])
                #expect(try await server.send(.delete, path).status == 204)
                #expect(try await server.send(.get, "/v1/policies").items.isEmpty)
            }
        }

        private static let path = "/v1/policies/web"

        private static func policy(order: Int) -> String {
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"web"},"spec":{"order":\#(order),"#
                + #""allow":[{"from":{"region":"a"},"to":{"region":"b"}},"#
                + #"{"from":{"region":"b"},"to":{"region":"a"}}]}}"#
        }

        private static func putRegions(_ server: TestApplication) async throws {
            try await server.send(.put, "/v1/regions/a", "{}")
            try await server.send(.put, "/v1/regions/b", "{}")
        }

        private static let order: JSONValue = [
            ["op": "replace", "path": "/spec/order", "value": 2]
        ]

        @Test func `it has its own kind everywhere, and its difference is one of its spec`()
            async throws
        {
            try await TestApplication.with { server in
                try await Self.putRegions(server)
                let created = try await server.send(.put, Self.path, Self.policy(order: 1))
                let plan = try await server.send(
                    .put, Self.path + "?dryRun=true", Self.policy(order: 2))
                let planned = try #require(plan.json["changes"]?.arrayValue?.first)
                #expect(planned["kind"] == "CrossRegionPolicy")
                #expect(planned["diff"] == Self.order)

                let applied = try await server.send(
                    .post, "/v1/apply", "[\(Self.policy(order: 2))]", [("Idempotency-Key", "k")])
                let change: JSONValue = [
                    "verb": "update", "kind": "CrossRegionPolicy", "name": "web",
                ]
                #expect(applied.json["changes"] == [change])
                let again = try await server.send(
                    .post, "/v1/apply", "[\(Self.policy(order: 2))]", [("Idempotency-Key", "k")])
                #expect(again["Idempotency-Replayed"] == "true")
                #expect(again.json["changes"] == [change])
                let id = try #require(applied["X-Change-Id"])
                #expect(
                    try await server.send(.get, "/v1/changes/\(id)").json["objects"]
                        == [["kind": "CrossRegionPolicy", "name": "web"]])

                let from = try #require(created.revision)
                let diff = try await server.send(.get, "/v1/diff?from=\(from)").items
                #expect(diff.map { $0["kind"] } == ["CrossRegionPolicy"])
                #expect(diff.first?["diff"] == Self.order)
                let history = try await server.send(.get, Self.path + "/history").items
                #expect(history.first?["diff"] == Self.order)

                #expect(try await server.send(.delete, Self.path).status == 204)
                let gone = try await server.send(.get, "/v1/diff?from=\(from)").items
                #expect(gone.map { $0["kind"] } == ["CrossRegionPolicy"])
            }
        }

        @Test
        func `the audit log has it under its own kind, and its compiled policies under Calico's`()
            async throws
        {
            try await TestApplication.with { server in
                try await Self.putRegions(server)
                let created = try await server.send(.put, Self.path, Self.policy(order: 1))
                let id = try #require(created["X-Change-Id"])
                #expect(
                    try await server.send(.get, "/v1/changes/\(id)").json["objects"]
                        == [["kind": "CrossRegionPolicy", "name": "web"]])
                try await server.send(.patch, Self.path, #"{"spec":{"order":2}}"#)
                try await server.send(.patch, Self.path, #"{"spec":{"ordr":2}}"#)
                try await server.send(.put, Self.path, #"{"kind":"CrossRegionPolicy"}"#)
                try await server.send(.delete, Self.path)
                let rows = try await server.rows(
                    5, "/v1/audit?kind=CrossRegionPolicy&order=asc")
                #expect(rows.allSatisfy { $0["name"] == "web" })
                #expect(
                    rows.map { $0["outcome"] } == [
                        "accepted", "accepted", "refused", "refused", "accepted",
                    ])
                #expect(rows[1]["diff"] == Self.order)
                let fields = try await server.send(
                    .get, "/v1/audit?kind=CrossRegionPolicy&field=/spec/allow"
                ).items
                #expect(fields.map { $0["verb"] } == ["delete", "create"])
                let parts = try await server.send(
                    .get, "/v1/audit?kind=GlobalNetworkPolicy&outcome=accepted"
                ).items
                #expect(Set(parts.map { $0["name"] }) == ["web-01"])
            }
        }

        @Test func `labels beside a deprecated source are not lost in silence`() async throws {
            try await TestApplication.with { server in
                try await Self.putRegions(server)
                let created = try await server.send(.put, Self.path, Self.policy(order: 1))
                func send(_ labels: JSONValue, _ copied: JSONValue?) async throws -> Answer {
                    var document = try #require(created.json.objectValue)
                    var metadata = JSONObject()
                    metadata["name"] = "web"
                    metadata["labels"] = copied
                    var source = try #require(document["source"]?.objectValue)
                    source["metadata"] = ["name": "web", "labels": labels]
                    document["metadata"] = .object(metadata)
                    document["source"] = .object(source)
                    document["spec"] = nil
                    let text = JSONSerializer.bytes(.object(document))
                    return try await server.send(
                        .put, Self.path, String(decoding: text, as: UTF8.self))
                }
                let refused = try await send(["a": "1"], ["a": "2"])
                #expect(refused.status == 422)
                #expect(refused.rules == ["document.read-only"])
                let violation = refused.json["violations"]?.arrayValue?.first
                #expect(violation?["pointer"] == "/metadata/labels")
                for copied in [nil, ["a": "1"], [:]] as [JSONValue?] {
                    let taken = try await send(["a": "1"], copied)
                    #expect(taken.status == 200, "\(taken.text)")
                    #expect(taken.json["metadata"]?["labels"] == ["a": "1"])
                    // The labels are removed again, so that the next turn begins with an object without labels.
                    #expect(try await send([:], ["a": "1"]).status == 200)
                }
            }
        }

        @Test func `a repeated write is answered as it was the first time`() async throws {
            try await TestApplication.with { server in
                try await Self.putRegions(server)
                let key = [("Idempotency-Key", "k")]
                let first = try await server.send(.put, Self.path, Self.policy(order: 1), key)
                let again = try await server.send(.put, Self.path, Self.policy(order: 1), key)
                #expect(again["Idempotency-Replayed"] == "true")
                #expect(again.text == first.text)
                #expect(try await server.send(.get, Self.path).text == first.text)
                #expect(again.eTag == first.eTag)
            }
        }

        @Test func `a read is never told that nothing changed when its drift has`() async throws {
            try await TestApplication.with { server in
                try await Self.putRegions(server)
                let created = try await server.send(.put, Self.path, Self.policy(order: 1))
                let known = [("If-None-Match", created.eTag ?? "")]
                let etcd = try #require(server.etcd)
                try await etcd.etcdctl(
                    "del", "/calico/resources/v3/projectcalico.org/globalnetworksets/region.b")
                let deadline = ContinuousClock.now + .seconds(10)
                var read = try await server.send(.get, Self.path, known)
                while read.json["status"]?["inSync"] != false, ContinuousClock.now < deadline {
                    read = try await server.send(.get, Self.path, known)
                }
                #expect(read.status == 200)
                #expect(read.json["status"]?["inSync"] == false)
            }
        }
    }
}
