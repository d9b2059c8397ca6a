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
                #expect(read.json["source"]?["spec"]?["order"] == 500)
                #expect(read.json["compiled"]?.arrayValue?.count == 2)
                #expect(read.json["drift"] == [])
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
    }
}
