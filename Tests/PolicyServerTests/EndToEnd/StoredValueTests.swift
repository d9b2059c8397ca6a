import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of values that other tools have written under the keys of Calico.
    struct StoredValueTests {
        private static let policies =
            "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
        private static let sets = "/calico/resources/v3/projectcalico.org/globalnetworksets/"
        private static let reject =
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"reject"},"spec":{"selector":"has(a)","types":["Ingress"],"ingress":[{"action":"Reject"}]}}"#
        private static let plain =
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"NAME"},"spec":{"tier":"default","selector":"has(a)","order":1,"types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"has(b)"}}]}}"#

        @Test
        func `a value that Felix reads differently is reported by GET, list, readyz and metrics`()
            async throws
        {
            try await TestApplication.with { server in
                let etcd = try #require(server.etcd)
                try await etcd.etcdctl("put", Self.policies + "reject", Self.reject)
                try await etcd.etcdctl("put", Self.policies + "torn", "{")
                try await Self.settled(server)

                let read = try await server.send(.get, "/v1/policies/reject")
                #expect(read.status == 200)
                #expect(read["Warning"]?.hasPrefix(#"299 - "stored.action: "#) == true)
                let torn = try await server.send(.get, "/v1/policies/torn")
                #expect(torn.status == 404)
                #expect(torn.json["detail"]?.stringValue?.contains("watches stall") == true)

                let list = try await server.send(.get, "/v1/policies")
                #expect(list.items.count == 1)
                let findings = list.json["findings"]?.arrayValue ?? []
                #expect(
                    findings.map { $0["code"]?.stringValue } == [
                        "stored.action", "stored.not-json",
                    ])
                #expect(findings.first?["severity"] == "critical")
                #expect(findings.first?["key"]?.stringValue == Self.policies + "reject")
                #expect(findings.first?["revision"]?.numberValue != nil)
                let filtered = try await server.send(.get, "/v1/policies?label=a=b")
                #expect(filtered.json["findings"] == nil)

                let ready = try await server.send(.get, "/readyz")
                #expect(ready.status == 200)
                #expect(ready.json["checks"]?["stored"]?["ok"] == false)
                let detail = ready.json["checks"]?["stored"]?["detail"]?.stringValue
                #expect(detail?.contains("stored.action 1") == true)
                let metrics = try await server.send(.get, "/metrics").text
                let sample =
                    #"policy_server_stored_findings{code="stored.action",severity="critical"} 1"#
                #expect(metrics.contains(sample))

                // After both values are corrected through the API, no finding is left.
                let mended = Self.plain.replacing("NAME", with: "torn")
                #expect(try await server.send(.put, "/v1/policies/torn", mended).status == 200)
                #expect(try await server.send(.delete, "/v1/policies/reject").status == 204)
                let after = try await server.send(.get, "/v1/policies")
                #expect(after.json["findings"] == nil)
                #expect(
                    try await server.send(.get, "/readyz").json["checks"]?["stored"]?["ok"] == true)
            }
        }

        @Test(arguments: ["application/yaml", "application/json"])
        func `an export leaves out what apply would refuse, says so, and can be applied`(
            type: String
        ) async throws {
            try await TestApplication.with { server in
                let etcd = try #require(server.etcd)
                for region in ["west", "east"] {
                    let block = region == "west" ? "10.1.0.0/16" : "10.2.0.0/16"
                    try await server.send(
                        .put, "/v1/regions/\(region)", #"{"addressBlocks":["\#(block)"]}"#)
                }
                try await server.send(
                    .put, "/v1/regions/west/subnets/apps", #"{"cidr":"10.1.0.0/24"}"#)
                try await server.send(
                    .put, "/v1/regions/west/subnets/gone", #"{"cidr":"10.1.1.0/24"}"#)
                for name in ["apps", "gone"] {
                    let policy =
                        #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(name)"},"spec":{"order":5,"allow":[{"from":{"subnet":"west/\#(name)"},"to":{"region":"east"}}]}}"#
                    #expect(
                        try await server.send(.put, "/v1/policies/\(name)", policy).status == 201)
                }
                let inUse = try await server.send(.delete, "/v1/regions/west/subnets/gone")
                #expect(inUse.status == 409)
                #expect(inUse.json["type"]?.stringValue == "/problems/in-use")

                let set = #"{"metadata":{"labels":{}},"spec":{"nets":["NET"]}}"#
                try await etcd.etcdctl("put", Self.policies + "reject", Self.reject)
                try await etcd.etcdctl(
                    "put", Self.policies + "two", Self.plain.replacing("NAME", with: "two"))
                try await etcd.etcdctl(
                    "put", Self.policies + "default.two",
                    Self.plain.replacing("NAME", with: "default.two"))
                try await etcd.etcdctl("del", Self.sets + "subnet.west.gone")
                try await etcd.etcdctl(
                    "put", Self.sets + "subnet.west.out", set.replacing("NET", with: "192.0.2.0/24")
                )
                try await etcd.etcdctl(
                    "put", Self.sets + "subnet.west.over", set.replacing("NET", with: "10.1.0.0/25")
                )
                try await Self.settled(server)

                let export = try await server.send(.get, "/v1/export", [("Accept", type)])
                #expect(
                    export["Warning"]?.hasPrefix(#"299 - "export.left-out: 4 objects"#) == true)
                if type == "application/yaml" {
                    for left in ["policy reject", "policy gone", "subnet out", "subnet over"] {
                        #expect(export.text.contains("# left out: \(left)"), "\(export.text)")
                    }
                }
                try await TestApplication.with { empty in
                    let applied = try await empty.send(.post, "/v1/apply", export.text, type: type)
                    #expect(applied.status == 200, "\(applied.json)")
                    #expect(applied.json["changes"]?.arrayValue?.count == 5)
                }
            }
        }

        @Test func `two stored policies of one name are one object, and a deletion takes both`()
            async throws
        {
            try await TestApplication.with { server in
                let etcd = try #require(server.etcd)
                for name in ["two", "default.two"] {
                    try await etcd.etcdctl(
                        "put", Self.policies + name, Self.plain.replacing("NAME", with: name))
                }
                try await Self.settled(server)
                let read = try await server.send(.get, "/v1/policies/two")
                #expect(read["Warning"]?.contains("stored.twin") == true)
                let list = try await server.send(.get, "/v1/policies")
                #expect(list.items.count == 1)
                #expect(list.json["findings"]?.arrayValue?.count == 2)
                let ready = try await server.send(.get, "/readyz").json["checks"]?["stored"]
                #expect(ready?["detail"]?.stringValue?.contains("--policy-names") == true)
                #expect(
                    try await server.send(.get, "/metrics").text.contains(
                        #"policy_server_stored_policies{naming="tiered"} 1"#))
                #expect(try await server.send(.delete, "/v1/policies/two").status == 204)
                #expect(try await server.send(.get, "/v1/policies/two").status == 404)
                #expect(try await server.send(.get, "/v1/policies").items.isEmpty)
            }
        }

        /// Waits until the mirror of the server has reached the current revision of etcd.
        private static func settled(_ server: TestApplication) async throws {
            let etcd = try #require(server.etcd)
            let revision = try await etcd.etcdctl("get", "none", "-w", "fields")
                .split(separator: "\n").first { $0.contains("Revision") }?
                .split(separator: ":").last.map { $0.filter(\.isNumber) }
            let answer = try await server.send(
                .get, "/v1/regions?atLeast=\(try #require(revision))")
            #expect(answer.status == 200)
        }
    }
}
