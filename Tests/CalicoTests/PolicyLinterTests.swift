import Calico
import Documents
import Domain
import Testing

@Suite("Lints warn about valid policies")
struct PolicyLinterTests {
    private static let group = "sg.projectcalico.org/openstack-a7734e61"
    private static let clean =
        #""order":10,"selector":"has(\#(group))","ingress":[{"action":"Allow","source":{"selector":"has(a)"}}]"#

    static let cases: [(rule: String, pointer: String, document: String)] = [
        (
            "lint.group-equality", "/spec/selector",
            PolicySample.global(#""selector":"\#(group) == 'x'""#)
        ),
        (
            "lint.group-equality", "/spec/ingress/0/source/notSelector",
            PolicySample.ingress(#""source":{"notSelector":"has(a) && \#(group) in {'x'}"}"#)
        ),
        (
            "lint.namespace-selector", "/spec/ingress/0/source/namespaceSelector",
            PolicySample.ingress(#""source":{"namespaceSelector":"a == 'b'"}"#)
        ),
        (
            "lint.namespace-selector", "/spec/namespaceSelector",
            PolicySample.global(#""namespaceSelector":"has(a)""#)
        ),
        (
            "lint.deny-without-order", "/spec/egress/0/action",
            PolicySample.global(#""egress":[{"action":"Deny"}]"#)
        ),
        (
            "lint.unknown-region", "/spec/selector",
            PolicySample.global(
                #""selector":"projectcalico.org/namespace == 'openstack-region-two'""#)
        ),
        (
            "lint.unknown-region", "/spec/ingress/0/source/selector",
            PolicySample.ingress(#""source":{"selector":"policyserver/region in {'one', 'two'}"}"#)
        ),
        (
            "lint.unknown-region", "/metadata/namespace",
            PolicySample.namespaced("", metadata: #""name":"p","namespace":"openstack-region-two""#)
        ),
        ("lint.open-ingress", "/spec/ingress/0/source", PolicySample.ingress(#""protocol":"TCP""#)),
        (
            "lint.open-ingress", "/spec/ingress/0/source/nets/1",
            PolicySample.ingress(#""source":{"nets":["10.0.0.0/8","0.0.0.0/0"]}"#)
        ),
        ("lint.no-selector", "/spec/selector", PolicySample.global("")),
        (
            "lint.blank-condition", "/spec/ingress/0/source/nets",
            PolicySample.ingress(#""source":{"nets":null,"selector":"has(a)"}"#)
        ),
        (
            "lint.blank-condition", "/spec/ingress/0/source",
            PolicySample.ingress(#""source":null"#)
        ),
        (
            "lint.blank-condition", "/spec/ingress/0/Protocol",
            PolicySample.ingress(#""Protocol":null,"source":{"selector":"has(a)"}"#)
        ),
        (
            "lint.blank-condition", "/spec/ingress/0/destination/ports",
            PolicySample.ingress(#""destination":{"ports":[]},"source":{"selector":"has(a)"}"#)
        ),
        (
            "lint.blank-condition", "/spec/ingress/0/source/selector",
            PolicySample.ingress(#""source":{"selector":"","nets":["10.0.0.0/8"]}"#)
        ),
        (
            "lint.blank-condition", "/spec/ingress/0/icmp/type",
            PolicySample.ingress(#""protocol":"ICMP","icmp":{"type":null}"#)
        ),
        (
            "lint.blank-condition", "/spec/namespaceSelector",
            PolicySample.global(#""namespaceSelector":null"#)
        ),
        (
            "lint.rule-never-matches", "/spec/ingress/1",
            PolicySample.global(
                #""ingress":[{"action":"Deny","protocol":"TCP","source":{"nets":["10.0.0.0/8"]}},"#
                    + #"{"action":"Allow","protocol":"TCP","source":{"nets":["10.1.0.0/16"]},"#
                    + #""destination":{"ports":[80]}}]"#)
        ),
        (
            "lint.rule-never-matches", "/spec/egress/1",
            PolicySample.global(
                #""egress":[{"action":"Pass","protocol":"TCP","destination":{"ports":["1:100"]}},"#
                    + #"{"action":"Deny","protocol":"TCP","destination":{"ports":[80,"90:100"]}}]"#)
        ),
    ]

    @Test("each has a rule, a pointer and a fix", arguments: cases)
    func warns(rule: String, pointer: String, document: String) throws {
        let warnings = try lint(document)
        let found = warnings.first { $0.rule.name == rule && $0.pointer == pointer }
        #expect(found?.message.isEmpty == false, "found \(warnings)")
    }

    @Test("every lint has a case")
    func everyLintHasACase() {
        #expect(Set(PolicyLinter.rules.map(\.name)) == Set(Self.cases.map(\.rule)))
    }

    @Test(
        "nothing is said about policies that do what they look like",
        arguments: [
            PolicySample.global(clean),
            PolicySample.global(
                #""order":1,"selector":"all()","egress":[{"action":"Log"},{"action":"Deny","protocol":"TCP"}]"#
            ),
            PolicySample.global(
                #""order":1,"selector":"all()","egress":[{"action":"Deny","source":{"notNets":["10.0.0.0/8"]}},"#
                    + #"{"action":"Allow","source":{"nets":["10.0.0.0/8"]}}]"#),
            PolicySample.global(
                #""selector":"projectcalico.org/namespace == 'openstack-region-one'","types":["Ingress"]"#
            ),
            PolicySample.namespaced(
                #""selector":"all()","ingress":[{"action":"Allow","source":{"namespaceSelector":"global()"}}]"#
            ),
            PolicySample.networkSet(""),
        ])
    func silent(document: String) throws {
        #expect(try lint(document) == [])
    }

    @Test("without a list of regions no region is reported as unknown")
    func regionsUnchecked() throws {
        let document = PolicySample.namespaced(
            #""selector":"all()""#, metadata: #""name":"p","namespace":"openstack-region-two""#)
        let stored = try #require(try PolicySample.judge(document).stored)
        #expect(PolicyLinter.lint(stored, knownRegions: nil) == [])
    }

    @Test(
        "a condition that is left out, and the empty sides that calicoctl prints, are not blank",
        arguments: [
            PolicySample.ingress(#""source":{},"destination":{"ports":[80]},"protocol":"TCP""#),
            PolicySample.global(#""order":null,"tier":"","types":null,"ingress":null,"egress":[]"#),
        ])
    func absent(document: String) throws {
        #expect(try lint(document).allSatisfy { $0.rule.name != "lint.blank-condition" })
    }

    private func lint(_ text: String) throws -> ViolationList {
        let document = try JSONParser.parse(text)
        let stored = try #require(try PolicySample.judge(text).stored)
        let kind = try #require(
            document["kind"]?.stringValue.flatMap(ResourceKind.init(rawValue:)))
        return PolicyLinter.lint(stored, knownRegions: ["one"])
            + PolicyLinter.lint(written: document, kind: kind)
    }
}
