import Calico
import Documents
import Domain
import TestSupport
import Testing

/// Findings about stored values. The behaviour of Felix is from Calico's source and from running it.
@Suite struct StoredValueTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var kind = ResourceKind.globalNetworkPolicy
        var name = "web"
        var text: String
        /// `code pointer` of each finding, in order.
        var found: [String]

        var testDescription: String { text }

        /// Returns a global policy whose spec has these members and types.
        static func spec(_ members: String, _ found: String...) -> Case {
            Case(
                text: #"{"metadata":{"name":"web"},"spec":{"types":["Ingress"],\#(members)}}"#,
                found: found)
        }

        /// Returns a global policy with this one ingress rule.
        static func rule(_ rule: String, _ found: String...) -> Case {
            Case(
                text:
                    #"{"metadata":{"name":"web"},"spec":{"types":["Ingress"],"ingress":[\#(rule)]}}"#,
                found: found)
        }
    }

    private static let rule = "/spec/ingress/0"

    @Test(
        "A value that Felix reads otherwise than it looks is found, at its place",
        arguments: [
            Case(text: "{", found: ["stored.not-json "]),
            Case(text: "", found: ["stored.not-json "]),
            Case(text: "[]", found: ["stored.not-json "]),
            Case(text: #"{"a":1,"a":2}"#, found: ["stored.unread "]),
            .rule(#"{"action":"Reject"}"#, "stored.action \(rule)/action"),
            .rule(
                #"{"Action":"Reject"}"#, "stored.field-case \(rule)/Action",
                "stored.action \(rule)/action"),
            .rule(#"{}"#, "stored.action-missing \(rule)/action"),
            .rule("null", "stored.action-missing \(rule)/action"),
            .rule(#"{"action":"aLLow"}"#),
            .rule(
                #"{"action":"Allow","source":{"nets":["10.0.0.0/33"]}}"#,
                "stored.net \(rule)/source/nets/0"),
            .rule(
                #"{"action":"Allow","destination":{"notNets":["10.0.0.0/8","x"]}}"#,
                "stored.net \(rule)/destination/notNets/1"),
            // Felix masks host bits and takes a bare address.
            .rule(#"{"action":"Allow","source":{"nets":["10.0.0.1/8","10.0.0.1","::1"]}}"#),
            .rule(
                #"{"action":"Allow","source":{"selector":"a ="}}"#,
                "stored.selector \(rule)/source/selector"),
            .rule(#"{"action":"Allow","protocol":"tpc"}"#, "stored.protocol \(rule)/protocol"),
            .rule(#"{"action":"Allow","protocol":256}"#, "stored.protocol \(rule)/protocol"),
            .rule(#"{"action":"Allow","protocol":"tcp","destination":{"ports":[80]}}"#),
            .rule(
                #"{"action":"Allow","destination":{"ports":[80]}}"#,
                "stored.port \(rule)/destination/ports"),
            .rule(
                #"{"action":"Allow","protocol":"ICMP","source":{"notPorts":["80:90"]}}"#,
                "stored.port \(rule)/source/notPorts"),
            .rule(#"{"action":"Allow","destination":{"ports":["http"]}}"#),
            .rule(
                #"{"action":"Allow","protocol":"TCP","destination":{"ports":["90:80"]}}"#,
                "stored.port \(rule)/destination/ports/0"),
            .rule(
                #"{"action":"Allow","protocol":"TCP","destination":{"ports":[65536]}}"#,
                "stored.port \(rule)/destination/ports/0"),
            .rule(#"{"action":"Allow","ipVersion":5}"#, "stored.ip-version \(rule)/ipVersion"),
            .rule(
                #"{"action":"Allow","protocol":"ICMP","icmp":{"code":1}}"#,
                "stored.icmp \(rule)/icmp"),
            .rule(#"{"action":"Allow","soruce":{}}"#, "stored.unknown-field \(rule)/soruce"),
            .spec(#""order":"5""#, "stored.type /spec/order"),
            .spec(#""order":-1.5"#),
            .spec(#""selector":"a == b""#, "stored.selector /spec/selector"),
            .spec(#""ingress":{}"#, "stored.type /spec/ingress"),
            Case(
                text: #"{"metadata":{"labels":{"a":1}},"spec":{"types":["Ingress"]}}"#,
                found: ["stored.type /metadata/labels/a"]),
            Case(text: #"{"spec":{"types":["both"]}}"#, found: ["stored.types /spec/types/0"]),
            Case(text: #"{"spec":{"types":["egress"]}}"#, found: []),
            Case(
                text: #"{"spec":{"ingress":[{"action":"Deny"}]}}"#,
                found: ["stored.types /spec/types"]),
            Case(
                text: #"{"spec":{"ingress":[{"action":"Deny"}],"egress":[{"action":"Deny"}]}}"#,
                found: []),
            Case(
                text: #"{"metadata":{"name":"x"},"spec":{"types":["Ingress"]}}"#,
                found: ["stored.name /metadata/name"]),
            Case(
                text: #"{"kind":"Tier","spec":{"types":["Ingress"]}}"#, found: ["stored.kind /kind"]
            ),
            // Neutron writes no types and intends both directions.
            Case(
                kind: .networkPolicy, name: "ossg.default.1",
                text: #"{"metadata":{"namespace":"openstack-region-west"},"spec":{}}"#, found: []),
            Case(
                kind: .networkPolicy, text: #"{"metadata":{},"spec":{"types":["Ingress"]}}"#,
                found: ["stored.namespace /metadata/namespace"]),
            Case(
                kind: .networkPolicy,
                text: #"{"metadata":{"namespace":"openstack"},"spec":{"types":["Ingress"]}}"#,
                found: ["stored.namespace /metadata/namespace"]),
            Case(
                kind: .networkSet, text: #"{"spec":{"nets":["x",""]}}"#,
                found: [
                    "stored.namespace /metadata/namespace", "stored.net /spec/nets/0",
                    "stored.net /spec/nets/1",
                ]),
            Case(
                kind: .tier, text: #"{"spec":{"defaultAction":"pass"}}"#,
                found: ["stored.tier-action /spec/defaultAction"]),
            Case(kind: .tier, text: #"{"spec":{"order":"1"}}"#, found: ["stored.type /spec/order"]),
            Case(
                kind: .globalNetworkSet, name: "region.west",
                text:
                    #"{"metadata":{"labels":{"policyserver/region":"east"}},"spec":{"nets":["10.0.0.1/8"]}}"#,
                found: [
                    "stored.inventory-label /metadata/labels/policyserver~1region",
                    "stored.inventory-nets /spec/nets",
                ]),
            Case(
                kind: .globalNetworkSet, name: "subnet.west.web",
                text:
                    #"{"metadata":{"labels":{"policyserver/region":"west","policyserver/subnet":"web"}},"spec":{}}"#,
                found: ["stored.inventory-nets /spec/nets"]),
            Case(
                kind: .globalNetworkSet, name: "region.west",
                text:
                    #"{"metadata":{"labels":{"policyserver/region":"west","policyserver/subnet":"web","sg.projectcalico.org/openstack-x":"","site":"b"}},"spec":{}}"#,
                found: [
                    "stored.inventory-label /metadata/labels/policyserver~1subnet",
                    "stored.inventory-label /metadata/labels/sg.projectcalico.org~1openstack-x",
                ]),
            Case(kind: .clusterInformation, name: "default", text: "{}", found: []),
        ])
    func findings(of example: Case) {
        let namespace = example.kind.isNamespaced ? RegionNamespace.of(region: "west") : nil
        let key = ResourceKey(example.kind, namespace: namespace, name: example.name)
        let value = StoredValue(key, Array(example.text.utf8))
        #expect(
            value.findings.map { "\($0.code.rawValue) \($0.pointer)" } == example.found)
    }

    @Test("a rule whose networks are all invalid is reported to match every address")
    func openRule() {
        let key = ResourceKey(.globalNetworkPolicy, name: "web")
        let text =
            #"{"spec":{"types":["Ingress"],"ingress":[{"action":"Allow","source":{"nets":["x"]}}]}}"#
        let value = StoredValue(key, Array(text.utf8))
        #expect(value.findings.first?.message.contains("matches EVERY address") == true)
        #expect(value.resource != nil)
    }

    @Test("findings are bounded in number and length and have no control characters")
    func bounded() {
        let key = ResourceKey(.globalNetworkSet, name: "big")
        let long = String(repeating: "\\u0007é", count: 10_000)
        let nets = Array(repeating: "\"\(long)\"", count: 100).joined(separator: ",")
        let value = StoredValue(key, Array(#"{"spec":{"nets":[\#(nets)]}}"#.utf8))
        #expect(value.findings.count == StoredFinding.maximumCount)
        for finding in value.findings {
            #expect(finding.message.utf8.count < 512)
            #expect(!finding.message.unicodeScalars.contains { $0.value < 0x20 })
        }
    }

    @Test("any bytes are read without a crash")
    func anyBytes() {
        var generator = SeededGenerator(seed: 10)
        let sample = Array(
            #"{"kind":"NetworkPolicy","metadata":{"name":"a","labels":{"a":"b"}},"spec":{"types":["Ingress"],"order":1,"ingress":[{"action":"Allow","protocol":"TCP","icmp":{"type":1},"source":{"nets":["10.0.0.0/8"],"ports":[1,"2:3"]}}]}}"#
                .utf8)
        for kind in ResourceKind.allCases {
            let key = ResourceKey(kind, namespace: kind.isNamespaced ? "n" : nil, name: "a")
            for _ in 0..<300 {
                var bytes = sample
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[index] = UInt8.random(in: 0x20...0x7E, using: &generator)
                }
                #expect(StoredValue(key, bytes).findings.count <= StoredFinding.maximumCount)
            }
        }
    }

    @Test("documents that this server stores have no findings")
    func ownPolicies() throws {
        let document: JSONValue = [
            "apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy",
            "metadata": ["name": "web"],
            "spec": [
                "selector": "has(a)",
                "ingress": [
                    [
                        "action": "Allow", "protocol": "TCP", "source": ["nets": ["10.0.0.0/8"]],
                        "destination": ["ports": [80, "90:91"]],
                    ]
                ],
            ],
        ]
        let judged = try #require(
            CalicoValidator.judge(document, kind: .globalNetworkPolicy).stored)
        let key = ResourceKey(.globalNetworkPolicy, name: "web")
        let identity = ObjectIdentity(
            uid: "6f1c1a36-0f4b-4c6e-9a52-1d4f3f0c7b11",
            creationTimestamp: "2026-11-28T05:00:00Z")
        let resource = PolicyResource.build(
            key: key, authoredName: "web", judged: judged, existing: nil, identity: identity)
        #expect(StoredValue(key, resource.bytes).findings == [])
    }
}
