import Calico
import Documents
import Domain
import Testing

@Suite("Warnings about CrossRegionPolicies")
struct CrossRegionWarningTests {
    @Test(
        "at the place in the source",
        arguments: [
            (
                "lint.deny-without-order", "/spec/deny/0",
                "deny: [{from: {region: a}, to: {region: a}}]"
            ),
            (
                "lint.open-ingress", "/spec/allow/0/from",
                "allow: [{from: {any: true}, to: {region: a}}]"
            ),
            (
                "lint.group-equality", "/spec/allow/0/to",
                """
                allow:
                - from: {region: a}
                  to: {selector: "sg.projectcalico.org/openstack-x == 'x'"}
                """
            ),
            (
                "lint.unknown-region", "/spec/allow/0/from",
                "allow: [{from: {region: b}, to: {region: a}}]"
            ),
            (
                "lint.rule-never-matches", "/spec/allow/0",
                """
                order: 1
                deny: [{from: {nets: [10.0.0.0/8]}, to: {region: a}}]
                allow: [{from: {nets: [10.1.0.0/16]}, to: {region: a}}]
                """
            ),
            (
                "lint.name-cut", "/spec/allow/0/from/securityGroupName",
                "allow: [{from: {securityGroupName: abcdefghijklmnopqrstuvwxyz12}, to: {region: a}}]"
            ),
        ])
    func warns(rule: String, pointer: String, spec: String) throws {
        let warnings = try warnings(spec)
        #expect(warnings.map(\.rule.name) == [rule])
        #expect(warnings.map(\.pointer) == [pointer])
        #expect(warnings.allSatisfy { !$0.message.contains("ingress/") })
    }

    @Test("copied deny rules get no warnings")
    func copies() throws {
        let warnings = try warnings(
            """
            order: 1
            deny:
            - {from: {nets: [10.0.0.0/8]}, to: {region: a}}
            - {from: {nets: [10.1.0.0/16]}, to: {network: m}}
            allow:
            - {from: {nets: [192.0.2.0/24]}, to: {region: a}}
            - {from: {nets: [192.0.2.0/24]}, to: {network: m}}
            """)
        #expect(warnings == [])
    }

    private func warnings(_ spec: String) throws -> [Violation] {
        let policy = try CrossRegionSample.policy(spec)
        let compiled = try CrossRegionSample.compile(spec)
        try #require(compiled.violations == [])
        return CrossRegionCompiler.warnings(
            policy, compiled: compiled.policies, knownRegions: ["a"])
    }
}
