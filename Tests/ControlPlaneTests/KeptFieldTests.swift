import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of patches of policies with fields that this release does not know.
@Suite struct KeptFieldTests {
    private let bench = PlannerBench(policyNames: .plain)

    private static let path = PlannerBench.root + "globalnetworkpolicies/web"

    init() {
        bench.put(
            Self.path,
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","#
                + #""metadata":{"name":"web","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z"},"#
                + #""spec":{"tier":"default","selector":"has(a)","types":["Ingress"],"newMode":{"x":[1]},"#
                + #""ingress":[{"action":"Allow","newMatch":true,"source":{"selector":"has(b)"}}]},"#
                + #""status":{"phase":"ok"}}"#)
    }

    private func patch(_ text: String) -> Decision {
        bench.decide(.patch(.policy("web"), .json(text)))
    }

    @Test("A patch of something else keeps them as they are, and warns of each")
    func kept() throws {
        let write = try #require(
            bench.write(.patch(.policy("web"), .json(#"{"spec":{"selector":"has(c)"}}"#))))
        let after = try #require(write.after?.document)
        #expect(after["spec"]?["selector"] == "has(c)")
        #expect(after["spec"]?["newMode"] == ["x": [1]])
        #expect(after["spec"]?["ingress"]?.arrayValue?.first?["newMatch"] == true)
        #expect(after["status"] == ["phase": "ok"])
        let warned = write.warnings.filter { $0.rule.name == "document.kept-unknown" }
        #expect(
            Set(warned.map(\.pointer)) == ["/spec/newMode", "/spec/ingress/0/newMatch", "/status"])
    }

    @Test("A patch may remove one")
    func removed() throws {
        let write = try #require(
            bench.write(.patch(.policy("web"), .json(#"{"spec":{"newMode":null}}"#))))
        #expect(write.after?.document["spec"]?["newMode"] == nil)
        #expect(write.after?.document["spec"]?["ingress"]?.arrayValue?.first?["newMatch"] == true)
    }

    @Test(
        "What a patch itself says of them is judged",
        arguments: [
            #"{"spec":{"newMode":{"x":[2]}}}"#, #"{"spec":{"other":1}}"#,
            #"{"spec":{"ingress":[{"action":"Allow"},{"action":"Allow","newMatch":true}]}}"#,
        ])
    func sent(text: String) {
        let refusal = bench.refusal(.patch(.policy("web"), .json(text)))
        #expect(refusal?.rules == ["calico.unknown-field"])
    }

    @Test("strict=true refuses the patch for the warning")
    func strict() {
        let refusal = bench.refusal(
            .patch(.policy("web"), .json(#"{"spec":{"order":1}}"#)),
            options: ChangeOptions(strict: true))
        #expect(refusal?.rules.contains("document.kept-unknown") == true)
    }

    @Test("A PUT with unknown fields is refused, since it sends the whole object")
    func put() throws {
        let stored = try #require(bench.mirror.read { $0.entries[Self.path] })
        let refusal = bench.refusal(
            .put(.policy("web"), try JSONParser.parse(stored.bytes)))
        #expect(refusal?.rules.contains("calico.unknown-field") == true)
    }

    private static let peculiar = PlannerBench.root + "globalnetworkpolicies/odd"

    @Test(
        "A field that is all there is of an object is kept, and the object is no mistake",
        arguments: [
            #"{"action":"Allow","protocol":"TCP","source":{"newMatch":["x"]}}"#,
            #"{"action":"Allow","destination":{"nets":["10.0.0.0/8"],"newMatch":1}}"#,
            #"{"action":"Allow","source":{"services":{"newS":1},"nets":["10.0.0.0/8"]}}"#,
            #"{"action":"Allow","source":{"serviceAccounts":{"newS":1}}}"#,
            #"{"action":"Deny","http":{"newI":1}}"#, #"{"action":"Allow","newA":{"b":[]}}"#,
        ])
    func alone(rule: String) throws {
        bench.put(
            Self.peculiar,
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","#
                + #""metadata":{"name":"odd","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z"},"#
                + #""spec":{"tier":"default","selector":"has(a)","types":["Ingress"],"#
                + #""ingress":[\#(rule)]}}"#)
        let patch = JSONValue.json(#"{"metadata":{"labels":{"a":"1"}}}"#)
        let write = try #require(bench.write(.patch(.policy("odd"), patch)))
        let after = try #require(write.after?.document)
        #expect(after["spec"]?["ingress"]?.arrayValue?.first == .json(rule))
        #expect(after["metadata"]?["labels"]?["a"] == "1")
    }
}
