import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests the example of Calico's OpenStack documentation: a policy from the VMs of one region to the VMs of
    /// another.
    struct WorkedExampleTests {
        static let policy = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: allow-tcp-80}
            spec:
              selector: has(sg.projectcalico.org/openstack-a7734e61-b545-452d-a3cd-0189cbd9747a)
              types: [Ingress]
              ingress:
              - action: Allow
                protocol: TCP
                source:
                  selector: has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)
                destination: {ports: [80]}
            """

        @Test func `two regions, their subnets and a policy between them`() async throws {
            try await TestApplication.with { server in
                let west = try await server.send(
                    .put, "/v1/regions/xyz-west", #"{"addressBlocks":["10.1.0.0/16"]}"#)
                #expect(west.status == 201)
                #expect(west["Location"] == "/v1/regions/xyz-west")
                #expect(west.json["namespace"] == "openstack-region-xyz-west")
                #expect(
                    try await server.send(
                        .put, "/v1/regions/xyz-east", #"{"addressBlocks":["10.2.0.0/16"]}"#
                    ).status == 201)
                try await checkSubnets(server)
                try await checkPolicy(server)
                try await checkAudit(server)
            }
        }

        private func checkSubnets(_ server: TestApplication) async throws {
            let web = try await server.send(
                .put, "/v1/regions/xyz-west/subnets/web", #"{"cidr":"10.1.200.0/24"}"#)
            #expect(web.status == 201)
            let overlapping = try await server.send(
                .put, "/v1/regions/xyz-west/subnets/all", #"{"cidr":"10.1.0.0/16"}"#)
            #expect(overlapping.status == 409)
            #expect(
                overlapping.json["conflicts"] == [
                    [
                        "kind": "Subnet", "name": "web", "region": "xyz-west",
                        "cidr": "10.1.200.0/24",
                    ]
                ])
            let allocated = try await server.send(
                .post, "/v1/regions/xyz-east/subnets", #"{"name":"db","prefixLength":24}"#)
            #expect(allocated.status == 201)
            #expect(allocated["Location"] == "/v1/regions/xyz-east/subnets/db")
            #expect(allocated.json["cidr"] == "10.2.0.0/24")
            #expect(try await server.send(.get, "/v1/subnets").names == ["db", "web"])
        }

        /// Sends the policy like `curl -T policy.yaml`, and checks that the stored value is legal for Calico.
        private func checkPolicy(_ server: TestApplication) async throws {
            let created = try await server.send(
                .put, "/v1/policies/allow-tcp-80", Self.policy, type: nil)
            #expect(created.status == 201)
            let stored = try await server.etcd?.etcdctl(
                "get", "--print-value-only",
                "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/allow-tcp-80")
            let value = try JSONParser.parse(Array(try #require(stored).utf8))
            #expect(value["metadata"]?["uid"]?.stringValue?.utf8.count == 36)
            #expect(value["metadata"]?["creationTimestamp"] != nil)
            #expect(value["metadata"]?["resourceVersion"] == nil)
            #expect(value["spec"]?["types"] == ["Ingress"])
            #expect(value["spec"]?["tier"] == "default")
        }

        private func checkAudit(_ server: TestApplication) async throws {
            let rows = try await server.send(.get, "/v1/audit?origin=api").items.reversed()
            let summary = rows.map { row in
                ["outcome", "verb", "kind", "name"].map { row[$0]?.stringValue ?? "" }
            }
            #expect(
                summary == [
                    ["accepted", "create", "Region", "xyz-west"],
                    ["accepted", "create", "Region", "xyz-east"],
                    ["accepted", "create", "Subnet", "web"],
                    ["refused", "create", "Subnet", "all"],
                    ["accepted", "create", "Subnet", "db"],
                    ["accepted", "create", "GlobalNetworkPolicy", "allow-tcp-80"],
                ])
        }
    }
}
