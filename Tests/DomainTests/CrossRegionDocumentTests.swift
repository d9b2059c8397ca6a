import Documents
import Domain
import TestSupport
import Testing

struct CrossRegionDocumentTests {
    private static let example = """
        kind: CrossRegionPolicy
        apiVersion: policyserver/v1
        metadata: {name: web-from-apps, labels: {tier: web}, resourceVersion: "42"}
        spec:
          description: storefront may call the catalogue
          order: 500.5
          allow:
          - from: {region: xyz-west, securityGroup: 85cc3048-abc3-43cc-89b3-377341426ac5}
            to:   {regions: [a, b], projectName: Größe / weird name!, labels: {b: x, a: v}}
            protocol: TCP
            ports: [80, "443", "8080:8090"]
          deny:
          - from: {any: true}
            to: {subnet: xyz-east/web-1, nets: [10.0.0.0/8, "2001:DB8::/32"], selector: has(a)}
            protocol: 47
        """

    private func decode(_ text: String, name: String) throws -> DocumentReading<CrossRegionPolicy> {
        CrossRegionPolicy.decode(try YAMLParser.parse(Array(text.utf8)), name: name)
    }

    @Test func readsEveryField() throws {
        let decoded = try decode(Self.example, name: "web-from-apps")
        #expect(decoded.violations == [])
        #expect(decoded.readOnly.revision == 42)
        let policy = try #require(decoded.value)
        #expect(policy.labels == ["tier": "web"])
        #expect(policy.order?.double == 500.5)
        #expect(policy.description == "storefront may call the catalogue")
        let allow = try #require(policy.allow.first)
        #expect(allow.pointer == "/spec/allow/0")
        #expect(allow.ports == [80...80, 443...443, 8080...8090])
        #expect(allow.transport == .name("TCP"))
        #expect(allow.from.regions == [Located("xyz-west", at: "/spec/allow/0/from/region")])
        #expect(allow.from.securityGroups.map(\.pointer) == ["/spec/allow/0/from/securityGroup"])
        #expect(allow.to.regions.map(\.value) == ["a", "b"])
        #expect(allow.to.projectName?.value.label == "Gr__e___weird_name")
        #expect(allow.to.labels.map(\.value.key) == ["a", "b"])
        #expect(
            allow.to.labels.map(\.pointer) == [
                "/spec/allow/0/to/labels/a", "/spec/allow/0/to/labels/b",
            ])
        let deny = try #require(policy.deny.first)
        #expect(deny.from.isAny)
        #expect(deny.transport == .number(47))
        #expect(deny.to.subnet?.value == SubnetID(region: "xyz-east", name: "web-1"))
        #expect(deny.to.nets.map(\.description) == ["10.0.0.0/8", "2001:db8::/32"])
        #expect(deny.to.selector?.value.canonical == "has(a)")
    }

    @Test func keepsTheClientsTextAsSource() throws {
        let document = try YAMLParser.parse(Array(Self.example.utf8))
        let policy = try #require(
            CrossRegionPolicy.decode(document, name: "web-from-apps").value)
        #expect(policy.source["spec"] == document["spec"])
        #expect(policy.source["metadata"] == ["name": "web-from-apps", "labels": ["tier": "web"]])
        let again = CrossRegionPolicy.decode(policy.source, name: "web-from-apps")
        #expect(again.violations == [])
        #expect(again.value == policy)
    }

    @Test func reportsAllViolationsAndKeepsTheValidRules() {
        let decoded = CrossRegionPolicy.decode(
            [
                "kind": "CrossRegionPolicy", "metadata": ["name": "q", "x": 1],
                "spec": [
                    "order": true,
                    "deny": [
                        ["from": ["region": "West", "any": true], "to": ["nets": ["10.0.0.1/8"]]],
                        ["from": ["any": true], "to": ["region": "b"]],
                        ["to": [:], "protocol": "tcp", "ports": ["x"], "y": 1],
                    ],
                ],
            ], name: "p")
        #expect(
            Set(decoded.violations.map { "\($0.pointer) \($0.rule)" }) == [
                "/metadata/name name.mismatch", "/metadata/x document.unknown-field",
                "/spec/order document.wrong-type", "/spec/deny/0/from/region region.name",
                "/spec/deny/0/from/any cross-region.any", "/spec/deny/0/to/nets/0 cidr.host-bits",
                "/spec/deny/2/from document.missing-field",
                "/spec/deny/2/to cross-region.peer-empty",
                "/spec/deny/2/protocol cross-region.protocol",
                "/spec/deny/2/ports/0 cross-region.port", "/spec/deny/2/y document.unknown-field",
            ])
        #expect(decoded.value?.deny.map(\.pointer) == ["/spec/deny/1"])
    }

    /// The expected labels are the results of networking-calico's `sanitize_label_name_value`.
    @Test(
        arguments: [
            ("web", "web"), ("Größe / weird name!", "Gr__e___weird_name"), ("-a-", "a"),
            ("..a b..", "a_b"), ("a/", "a"), ("日本a", "a"), ("", ""), ("___", ""),
            ("abcdefghijklmnopqrstuvwxyz 1", "abcdefghijklmnopqrstuvwxyz"),
            ("abcdefghijklmnopqrstuvwxyz12", "abcdefghijklmnopqrstuvwxyz1"),
            ("e\u{301}a", "e_a"),
        ])
    func namesBecomeLabelsAsTheDriverMakesThem(name: String, label: String) {
        let made = OpenStackName(name, maximumLength: OpenStackName.maximumGroupLength)
        #expect(made.label == label)
        #expect(made.isCut == (name.unicodeScalars.count > 27))
        #expect(OpenStackName(label, maximumLength: 27).label == label)
    }

    /// Random documents give a value or violations, never neither.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aDocumentWithoutViolationsHasAValue(seed: UInt64) {
        var source = RandomDocument(seed: seed)
        let fields = [
            "from", "to", "protocol", "ports", "any", "region", "regions", "securityGroup",
            "subnet", "nets", "labels", "selector", "network", "project",
        ]
        let likely: [JSONValue] = [
            ["any": true], ["region": "a"], "a", true, ["a"], "a/b", ["10.0.0.0/8"], [80], "TCP", 6,
            .null, ["a": "b"], "has(a)",
        ]
        func object(depth: Int) -> JSONValue {
            var members = JSONObject()
            for field in fields where Int.random(in: 0..<3, using: &source.random) == 0 {
                members[field] =
                    Bool.random(using: &source.random)
                    ? likely.randomElement(using: &source.random)
                    : depth < 1 ? object(depth: depth + 1) : source.value(depth: 4)
            }
            return .object(members)
        }
        for _ in 0..<200 {
            let rules = JSONValue.array([object(depth: 0), object(depth: 0)])
            let decoded = CrossRegionPolicy.decode(
                [
                    "kind": "CrossRegionPolicy", "metadata": ["name": "p"],
                    "spec": ["allow": rules, "deny": source.value(depth: 3)],
                ], name: "p")
            #expect(decoded.value != nil || !decoded.violations.isEmpty)
            #expect(decoded.violations.allSatisfy { RuleID.crossRegionRules.contains($0.rule) })
        }
    }
}
