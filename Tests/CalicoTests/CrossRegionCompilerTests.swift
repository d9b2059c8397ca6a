import Calico
import Documents
import Domain
import TestSupport
import Testing

@Suite("CrossRegionCompiler")
struct CrossRegionCompilerTests {
    @Test("the first policy carries the source, byte for byte")
    func wholeDocument() throws {
        let policy = try CrossRegionSample.policy(
            """
            description: storefront may call the catalogue
            order: 500
            allow:
            - from: {region: xyz-west, securityGroup: \(CrossRegionSample.west)}
              to:   {region: xyz-east, securityGroup: \(CrossRegionSample.east)}
              protocol: TCP
              ports: [80, "8080:8090"]
            deny: []
            """, metadata: "name: web-from-apps, labels: {team: web}")
        let compiled = CrossRegionCompiler.compile(policy, subnetCIDR: CrossRegionSample.network)
        #expect(compiled.violations == [])
        #expect(compiled.policies.map(\.name) == ["web-from-apps"])
        let document = try #require(compiled.policies.first?.document)
        #expect(
            document.indented == #"""
                {
                  "apiVersion": "projectcalico.org/v3",
                  "kind": "GlobalNetworkPolicy",
                  "metadata": {
                    "name": "web-from-apps",
                    "labels": {
                      "team": "web"
                    },
                    "annotations": {
                      "policyserver/source": "{\"kind\":\"CrossRegionPolicy\",\"metadata\":{\"labels\":{\"team\":\"web\"},\"name\":\"web-from-apps\"},\"spec\":{\"allow\":[{\"from\":{\"region\":\"xyz-west\",\"securityGroup\":\"85cc3048-abc3-43cc-89b3-377341426ac5\"},\"ports\":[80,\"8080:8090\"],\"protocol\":\"TCP\",\"to\":{\"region\":\"xyz-east\",\"securityGroup\":\"a7734e61-b545-452d-a3cd-0189cbd9747a\"}}],\"deny\":[],\"description\":\"storefront may call the catalogue\",\"order\":500}}"
                    }
                  },
                  "spec": {
                    "order": 500,
                    "selector": "projectcalico.org/namespace == \"openstack-region-xyz-east\" && has(sg.projectcalico.org/openstack-a7734e61-b545-452d-a3cd-0189cbd9747a)",
                    "types": [
                      "Ingress"
                    ],
                    "ingress": [
                      {
                        "action": "Allow",
                        "protocol": "TCP",
                        "source": {
                          "selector": "projectcalico.org/namespace == \"openstack-region-xyz-west\" && has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)"
                        },
                        "destination": {
                          "ports": [
                            80,
                            "8080:8090"
                          ]
                        }
                      }
                    ]
                  }
                }

                """#)
    }

    /// A peer in `from`, and the `source` that it is compiled into.
    @Test(
        "each field of from",
        arguments: [
            ("any: true", nil),
            ("region: a", #"{"selector":"projectcalico.org/namespace == \"openstack-region-a\""}"#),
            (
                "regions: [b, a]",
                #"{"selector":"projectcalico.org/namespace in {\"openstack-region-a\", \"openstack-region-b\"}"}"#
            ),
            (
                "securityGroups: [\(CrossRegionSample.west), \(CrossRegionSample.east)]",
                #"{"selector":"(has(sg.projectcalico.org/openstack-\#(CrossRegionSample.west)) || has(sg.projectcalico.org/openstack-\#(CrossRegionSample.east)))"}"#
            ),
            (
                "securityGroupName: Größe / weird name!",
                #"{"selector":"has(sg-name.projectcalico.org/openstack-Gr__e___weird_name)"}"#
            ),
            (
                "project: 35bf992dc9e94616a12e7696a6cecc1b",
                #"{"selector":"projectcalico.org/openstack-project-id == \"35bf992dc9e94616a12e7696a6cecc1b\""}"#
            ),
            (
                "projectName: admin",
                #"{"selector":"projectcalico.org/openstack-project-name == \"admin\""}"#
            ),
            (
                "network: xyz-east net 0",
                #"{"selector":"projectcalico.org/openstack-network-name == \"xyz-east_net_0\""}"#
            ),
            (
                "subnet: xyz-east/any",
                #"{"selector":"policyserver/region == \"xyz-east\" && policyserver/subnet == \"any\""}"#
            ),
            (
                "{subnet: xyz-east/web, region: xyz-east}",
                #"{"selector":"projectcalico.org/namespace == \"openstack-region-xyz-east\"","nets":["10.1.0.0/24"]}"#
            ),
            (
                "{subnet: xyz-east/web, projectName: x, nets: [10.0.0.0/8, 10.1.0.0/28, 10.2.0.0/16]}",
                #"{"selector":"projectcalico.org/openstack-project-name == \"x\"","nets":["10.1.0.0/24","10.1.0.0/28"]}"#
            ),
            (
                "{subnet: xyz-east/web, nets: [10.1.0.0/28]}",
                #"{"selector":"policyserver/region == \"xyz-east\" && policyserver/subnet == \"web\"","nets":["10.1.0.0/28"]}"#
            ),
            ("nets: [10.0.0.0/8, 192.0.2.0/24]", #"{"nets":["10.0.0.0/8","192.0.2.0/24"]}"#),
            ("labels: {b: x, a: ''}", #"{"selector":"a == \"\" && b == \"x\""}"#),
            ("labels: {has: x, in: z}", #"{"selector":"has == \"x\" && in == \"z\""}"#),
            (
                "{region: a, selector: \"has(b) || c == 'd'\"}",
                #"{"selector":"projectcalico.org/namespace == \"openstack-region-a\" && (has(b) || c == \"d\")"}"#
            ),
        ] as [(String, String?)])
    func sources(peer: String, source: String?) throws {
        let braced = peer.hasPrefix("{") ? peer : "{\(peer)}"
        let specs = try CrossRegionSample.specs("allow: [{from: \(braced), to: {region: r}}]")
        #expect(
            specs == [
                #"{"selector":"projectcalico.org/namespace == \"openstack-region-r\"","types":["Ingress"],"ingress":[{"action":"Allow""#
                    + (source.map { ",\"source\":" + $0 } ?? "") + "}]}"
            ])
    }

    /// A peer in `to`, the selector of the policy, and the `destination` that the peer is compiled into.
    @Test(
        "each field of to",
        arguments: [
            ("any: true", #"projectcalico.org/orchestrator == \"openstack\""#, nil),
            ("region: a", #"projectcalico.org/namespace == \"openstack-region-a\""#, nil),
            ("selector: all()", #"projectcalico.org/orchestrator == \"openstack\" && all()"#, nil),
            (
                "labels: {a: b}", #"projectcalico.org/orchestrator == \"openstack\" && a == \"b\""#,
                nil
            ),
            (
                "{securityGroupName: web, labels: {a: b}}",
                #"has(sg-name.projectcalico.org/openstack-web) && a == \"b\""#, nil
            ),
            (
                "subnet: xyz-east/any",
                #"projectcalico.org/namespace == \"openstack-region-xyz-east\""#,
                #"{"selector":"policyserver/region == \"xyz-east\" && policyserver/subnet == \"any\""}"#
            ),
            (
                "{subnet: xyz-east/any, regions: [a, xyz-east], network: m}",
                #"projectcalico.org/namespace == \"openstack-region-xyz-east\" && projectcalico.org/openstack-network-name == \"m\""#,
                #"{"selector":"policyserver/region == \"xyz-east\" && policyserver/subnet == \"any\""}"#
            ),
            (
                "{region: a, nets: [10.0.0.0/8]}",
                #"projectcalico.org/namespace == \"openstack-region-a\""#,
                #"{"nets":["10.0.0.0/8"]}"#
            ),
        ] as [(String, String, String?)])
    func receivers(peer: String, selector: String, destination: String?) throws {
        let braced = peer.hasPrefix("{") ? peer : "{\(peer)}"
        let specs = try CrossRegionSample.specs("allow: [{from: {any: true}, to: \(braced)}]")
        #expect(
            specs == [
                #"{"selector":"\#(selector)","types":["Ingress"],"ingress":[{"action":"Allow""#
                    + (destination.map { ",\"destination\":" + $0 } ?? "") + "}]}"
            ])
    }

    @Test("rules of one receiver are one policy, deny first")
    func oneGroup() throws {
        let specs = try CrossRegionSample.specs(
            """
            order: -1.5
            allow:
            - {from: {region: a}, to: {region: r}, protocol: UDP, ports: ["53"]}
            - {from: {region: b}, to: {regions: [r]}, protocol: 6, ports: ["1:65535"]}
            deny:
            - {from: {region: c}, to: {region: r, nets: [10.0.0.0/8]}}
            """)
        #expect(
            specs == [
                #"{"order":-1.5,"selector":"projectcalico.org/namespace == \"openstack-region-r\"","types":["Ingress"],"ingress":["#
                    + #"{"action":"Deny","source":{"selector":"projectcalico.org/namespace == \"openstack-region-c\""},"destination":{"nets":["10.0.0.0/8"]}},"#
                    + #"{"action":"Allow","protocol":"UDP","source":{"selector":"projectcalico.org/namespace == \"openstack-region-a\""},"destination":{"ports":[53]}},"#
                    + #"{"action":"Allow","protocol":6,"source":{"selector":"projectcalico.org/namespace == \"openstack-region-b\""},"destination":{"ports":["1:65535"]}}]}"#
            ])
    }

    @Test("parts have numbers after the name")
    func names() {
        let names = [0, 1, 9, 10, 99].map { CrossRegionCompiler.name("web", index: $0) }
        #expect(names == ["web", "web-01", "web-09", "web-10", "web-99"])
    }
}
