import Calico
import Documents
import Domain
import Testing

@Suite("CrossRegionPolicies that cannot be compiled")
struct CrossRegionRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let pointer: String
        let spec: String

        init(_ rule: String, _ pointer: String, _ spec: String) {
            self.rule = rule
            self.pointer = pointer
            self.spec = spec
        }

        var testDescription: String { "\(rule) at \(pointer)" }
    }

    static func groups(_ count: Int) -> String {
        "allow: ["
            + (0..<count).map { "{from: {any: true}, to: {region: r\($0)}}" }.joined(separator: ",")
            + "]"
    }

    private static let manyGroups = (0..<20).map { "a7734e61-b545-452d-a3cd-0189cbd974\(10 + $0)" }
        .joined(separator: ",")
    private static let manyNets = (0..<257).map { "10.\($0 / 256).\($0 % 256).0/24" }
        .joined(separator: ",")

    static let cases: [Case] = [
        Case("cross-region.receiver-count", "/spec", groups(100)),
        Case(
            "cross-region.never-matches", "/spec/deny/0",
            "deny: [{from: {nets: [10.0.0.0/8]}, to: {region: r, nets: ['2001:db8::/32']}}]"),
        Case(
            "cross-region.never-matches", "/spec/allow/0",
            "allow: [{from: {nets: [10.0.0.0/8]}, to: {region: r}, protocol: ICMPv6}]"),
        Case(
            "cross-region.never-matches", "/spec/allow/1",
            """
            allow:
            - {from: {any: true}, to: {region: r}}
            - {from: {subnet: xyz-east/web, nets: [10.2.0.0/16]}, to: {region: r}}
            """),
        Case(
            "cross-region.never-matches", "/spec/allow/0",
            "allow: [{from: {subnet: xyz-east/six, region: xyz-east}, to: {region: r}, protocol: 1}]"
        ),
        Case(
            "cross-region.unknown-subnet", "/spec/allow/0/from/subnet",
            "allow: [{from: {subnet: xyz-east/x, region: xyz-east}, to: {region: r}}]"),
        // Calico's own rules, with pointers into the source.
        Case(
            "selector.length", "/spec/allow/0/from",
            "allow: [{from: {securityGroups: [\(manyGroups)]}, to: {region: r}}]"),
        Case(
            "selector.length", "/spec/allow/0/to",
            "allow: [{from: {any: true}, to: {securityGroups: [\(manyGroups)]}}]"),
        Case(
            "net.count", "/spec/allow/0/from/nets",
            "allow: [{from: {nets: [\(manyNets)]}, to: {region: r}}]"),
        Case(
            "net.count", "/spec/allow/0/to/notNets",
            "allow: [{from: {any: true}, to: {region: r, notNets: [\(manyNets)]}}]"),
    ]

    @Test("each is refused with its rule and its pointer into the source", arguments: cases)
    func refuses(_ row: Case) throws {
        let compilation = try CrossRegionSample.compile(row.spec)
        #expect(compilation.policies == [])
        #expect(compilation.violations.map(\.rule.name) == [row.rule], "\(compilation.violations)")
        #expect(compilation.violations.map(\.pointer) == [row.pointer])
        #expect(compilation.violations.allSatisfy { !$0.message.isEmpty })
    }

    @Test("every rule has a case")
    func everyRuleHasACase() {
        let seen = Set(Self.cases.map(\.rule)).union(["cross-region.unknown-region"])
        #expect(Set(CrossRegionCompiler.rules.map(\.name)).subtracting(seen) == [])
    }

    @Test("99 receiving sides are allowed, one more is refused")
    func limit() throws {
        let compilation = try CrossRegionSample.compile(Self.groups(99))
        #expect(compilation.violations == [])
        #expect(compilation.policies.count == 99)
        #expect(compilation.policies.last?.name == "p-98")
    }

    @Test("copied rules count towards Calico's limit")
    func copiesCount() throws {
        let rules = (0..<1_024).map {
            "{from: {nets: [10.\($0 / 256).\($0 % 256).0/24]}, to: {region: r}}"
        }
        let compilation = try CrossRegionSample.compile(
            "deny: [\(rules.joined(separator: ","))]\nallow: [{from: {any: true}, to: {network: m}}]"
        )
        #expect(compilation.violations.map(\.rule.name) == ["policy.rule-count"])
        #expect(compilation.violations.map(\.pointer) == ["/spec"])
    }

    @Test("an annotation larger than Calico's limit")
    func sourceSize() throws {
        let nets = (0..<256).map { "'2001:db8:\(1_000 + $0):1000:1000:1000:1000:0/112'" }
            .joined(separator: ",")
        let rule = "{from: {nets: [\(nets)]}, to: {region: r}}"
        let compilation = try CrossRegionSample.compile(
            "allow: [\(Array(repeating: rule, count: 40).joined(separator: ","))]")
        #expect(compilation.violations.map(\.rule.name) == ["metadata.annotations-size"])
        #expect(compilation.violations.map(\.pointer) == [""])
    }

    @Test("references to regions, subnets and labels are listed")
    func references() throws {
        let policy = try CrossRegionSample.policy(
            """
            deny: [{from: {regions: [a, b]}, to: {subnet: c/s}}]
            allow:
            - from: {securityGroup: \(CrossRegionSample.west), securityGroupName: w, project: q}
              to: {region: a, projectName: x, network: m, labels: {k: v}, selector: has(z)}
            """)
        let references = CrossRegionCompiler.references(policy)
        let violations = references.violations(hasRegion: { $0 == "b" }, hasSubnet: { _ in false })
        #expect(
            violations.map { "\($0.pointer) \($0.rule)" } == [
                "/spec/deny/0/from/regions/0 cross-region.unknown-region",
                "/spec/allow/0/to/region cross-region.unknown-region",
                "/spec/deny/0/to/subnet cross-region.unknown-subnet",
            ])
        #expect(references.violations(hasRegion: { _ in true }, hasSubnet: { _ in true }) == [])
        #expect(
            references.selectors.map { "\($0.pointer) \($0.value)" } == [
                "/spec/allow/0/from/securityGroup has(sg.projectcalico.org/openstack-\(CrossRegionSample.west))",
                "/spec/allow/0/from/securityGroupName has(sg-name.projectcalico.org/openstack-w)",
                #"/spec/allow/0/from/project projectcalico.org/openstack-project-id == "q""#,
                #"/spec/allow/0/to/projectName projectcalico.org/openstack-project-name == "x""#,
                #"/spec/allow/0/to/network projectcalico.org/openstack-network-name == "m""#,
                #"/spec/allow/0/to/labels/k k == "v""#, "/spec/allow/0/to/selector has(z)",
            ])
    }
}
