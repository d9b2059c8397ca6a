import Calico
import Documents
import Domain
import Testing

@Suite("Documents that Calico accepts, and their stored forms")
struct AcceptedDocumentTests {
    @Test(
        "documents at the edge of what is valid",
        arguments: [
            PolicySample.global(""),
            PolicySample.global(#""order":null,"ingress":null,"types":null,"selector":null"#),
            PolicySample.global(#""order":1e2"#),
            PolicySample.global(#""selector":" ""#),
            PolicySample.global("", metadata: #""name":"a.b","labels":{"x.y/z":null}"#),
            PolicySample.global("", metadata: #""name":"p","annotations":{"EXAMPLE.com/x":"é"}"#),
            PolicySample.global(
                "", metadata: #""name":"p","creationTimestamp":"2026-02-28T23:59:59.5+01:00""#),
            PolicySample.namespaced(
                "", metadata: #""name":"ossg.default.a.b","namespace":"Bad_NS""#),
            PolicySample.ingress(#""protocol":6.0,"ipVersion":4.0"#),
            PolicySample.ingress(#""protocol":"006""#),
            PolicySample.ingress(#""source":{"ports":["http"]}"#),
            PolicySample.ingress(#""protocol":"TCP","source":{"ports":["080","1:1",65535]}"#),
            PolicySample.ingress(#""notICMP":{"type":0,"code":255}"#),
            PolicySample.ingress(#""protocol":58,"ipVersion":6,"icmp":{}"#),
            PolicySample.ingress(
                #""source":{"nets":["2001:DB8::/32","::/0"],"notNets":["fe80::/010"]}"#),
            PolicySample.ingress(
                #""source":{"nets":["::ffff:10.0.0.0/104","10.0.0.0/8","10.0.0.0/8"]}"#),
            PolicySample.ingress(#""source":{"namespaceSelector":" global( ) "}"#),
            PolicySample.ingress(#""source":{"notSelector":"global()"}"#),
            PolicySample.ingress(
                #""source":{"services":{"name":"s","namespace":"n"},"ports":[80]},"protocol":17"#),
            PolicySample.ingress(
                #""http":{"methods":["GET","get"],"paths":[{"exact":"/"},{"prefix":"/é"}]}"#),
            PolicySample.networkSet(
                #""nets":["10.1.2.3/8","fe80::1","10.0.0.1",null,"",  "::ffff:1.2.3.4/0"]"#),
            PolicySample.networkSet(""),
            PolicySample.tier("", name: "t"),
            PolicySample.tier(#""order":1000000"#, name: "default"),
        ])
    func accepts(document: String) throws {
        let verdict = try PolicySample.judge(document)
        #expect(verdict.violations == [])
        let stored = try #require(verdict.stored)
        let again = CalicoValidator.judge(
            stored, kind: try #require(ResourceKind(rawValue: stored["kind"]?.stringValue ?? "")))
        #expect(again.stored == stored)
    }

    @Test("numbers and booleans where text belongs become text, as YAML makes them")
    func scalarsAsText() throws {
        let stored = try #require(
            try PolicySample.judge(
                PolicySample.networkSet(
                    "",
                    metadata:
                        #""name":5,"labels":{"a":true,"b":1.50},"annotations":{"a":1e6}"#)
            ).stored)
        #expect(stored["metadata"]?["name"] == "5")
        #expect(stored["metadata"]?["labels"]?["a"] == "true")
        #expect(stored["metadata"]?["labels"]?["b"] == "1.5")
        #expect(stored["metadata"]?["annotations"]?["a"] == "1e+06")
    }

    @Test("null is read as an object without fields and refused")
    func null() {
        for kind in [ResourceKind.globalNetworkPolicy, .networkPolicy, .globalNetworkSet, .tier] {
            let verdict = CalicoValidator.judge(.null, kind: kind)
            #expect(verdict.stored == nil)
            #expect(verdict.violations.map(\.pointer).contains("/kind"))
        }
    }

    @Test("fields in another letter case are the same field; the last in byte order wins")
    func letterCase() throws {
        let stored = try #require(
            try PolicySample.judge(
                PolicySample.global(
                    #""selector":"has(a)","Selector":"has(b)","INGRESS":[{"ACTION":"Deny","protocol":"TCP"}],"#
                        + #""ingress":[{"action":"Allow"}]"#)
            ).stored)
        #expect(stored["spec"]?["selector"] == "has(a)")
        #expect(stored["spec"]?["ingress"] == [["action": "Allow", "protocol": "TCP"]])
    }

    @Test(
        "an absent types field follows the rules that are there",
        arguments: [
            ("", ["Ingress"]), (#""ingress":[{"action":"Log"}]"#, ["Ingress"]),
            (#""egress":[{"action":"Log"}]"#, ["Egress"]),
            (
                #""types":[],"ingress":[{"action":"Log"}],"egress":[{"action":"Log"}]"#,
                ["Ingress", "Egress"]
            ),
            (#""types":["Egress","Ingress"]"#, ["Egress", "Ingress"]),
        ])
    func types(spec: String, expected: [String]) throws {
        let stored = try #require(try PolicySample.judge(PolicySample.global(spec)).stored)
        #expect(stored["spec"]?["types"]?.arrayValue?.compactMap(\.stringValue) == expected)
    }

    @Test("the stored form has the tier, its label and Go's omissions")
    func stored() throws {
        let stored = try #require(
            try PolicySample.judge(
                PolicySample.global(
                    #""tier":"security","doNotTrack":false,"performanceHints":[],"ingress":["#
                        + #"{"action":"Allow","source":{},"destination":{"nets":[]},"icmp":null,"#
                        + #""metadata":{},"protocol":"17"}]"#,
                    metadata:
                        #""name":"p","resourceVersion":"7","labels":{"projectcalico.org/tier":"x"}"#
                )
            ).stored)
        let expected =
            #"{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"p","#
            + #""labels":{"projectcalico.org/tier":"security"}},"spec":{"tier":"security","ingress":["#
            + #"{"action":"Allow","protocol":17,"destination":{},"metadata":{}}],"types":["Ingress"]}}"#
        #expect(String(decoding: JSONSerializer.bytes(stored), as: UTF8.self) == expected)
    }

    @Test("all mistakes of a document are reported at once")
    func allAtOnce() throws {
        let verdict = try PolicySample.judge(
            PolicySample.global(
                #""orderr":1,"selector":"a =","ingress":[{"action":"Drop","protocol":300,"#
                    + #""source":{"nets":["10.0.0.1/8"]}}]"#,
                metadata: #""name":"UP""#))
        #expect(
            Set(verdict.violations.map(\.rule.name)) == [
                "calico.unknown-field", "protocol.format", "metadata.name-format",
                "selector.syntax",
                "rule.action", "net.host-bits",
            ])
    }
}
