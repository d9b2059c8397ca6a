import Calico
import Documents
import Domain
import Testing

@Suite("Drift: changes of compiled policies by other tools")
struct CrossRegionDriftTests {
    private static let spec = """
        order: 10
        allow:
        - {from: {region: a}, to: {region: b}, protocol: TCP, ports: [80, 443]}
        - {from: {subnet: xyz-east/web, region: xyz-east}, to: {region: c}}
        """

    private func policy() throws -> CrossRegionPolicy {
        try CrossRegionSample.policy(Self.spec, metadata: "name: p, labels: {team: web}")
    }

    private func drift(_ stored: [Resource]) throws -> [String] {
        CrossRegionDrift.drift(
            source: try policy(), stored: stored, subnetCIDR: CrossRegionSample.network
        ).map { drift in
            func text(_ value: JSONValue?) -> String {
                value.map { String(decoding: JSONSerializer.bytes($0), as: UTF8.self) } ?? "-"
            }
            let whole = drift.pointer.isEmpty
            return "\(drift.object) \(drift.pointer)"
                + (whole ? "" : " \(text(drift.expected)) \(text(drift.found))")
        }
    }

    /// Returns the stored policies with a patch applied to one of them.
    private func changed(_ index: Int, _ patch: JSONValue) throws -> [Resource] {
        var stored = CrossRegionSample.stored(try policy())
        stored[index].document = MergePatch.apply(patch, to: stored[index].document)
        return stored
    }

    @Test("a policy that was just written has no drift")
    func fresh() throws {
        let stored = CrossRegionSample.stored(try policy())
        #expect(stored.count == 2)
        #expect(try drift(stored) == [])
        #expect(try drift(stored.reversed()) == [])
    }

    @Test("a different spelling with the same meaning is no drift")
    func sameMeaning() throws {
        let patch: JSONValue = [
            "spec": [
                "order": .number(JSONNumber(uncheckedLiteral: "1e1")), "tier": .null, "egress": [],
            ],
            "metadata": [
                "annotations": ["other-tool": "x"], "labels": ["projectcalico.org/tier": .null],
            ],
        ]
        #expect(try drift(changed(0, patch)) == [])
    }

    @Test(
        "each change is found",
        arguments: [
            (0, ["spec": ["order": 20]], "p /spec/order 10 20"),
            (0, ["spec": ["order": .null]], "p /spec/order 10 -"),
            (0, ["spec": ["types": ["Egress"]]], #"p /spec/types/0 "Ingress" "Egress""#),
            (
                0, ["spec": ["doNotTrack": true, "applyOnForward": true]],
                "p /spec/doNotTrack - true"
            ),
            (
                1, ["spec": ["selector": "all()"]],
                #"p-01 /spec/selector "projectcalico.org/namespace == \"openstack-region-c\"" "all()""#
            ),
            (
                1, ["spec": ["selector": "((("]],
                #"p-01 /spec/selector "projectcalico.org/namespace == \"openstack-region-c\"" "(((""#
            ),
            (0, ["metadata": ["labels": ["team": "db"]]], #"p /metadata/labels/team "web" "db""#),
            (0, ["metadata": ["labels": ["team": .null]]], #"p /metadata/labels/team "web" -"#),
            (1, ["metadata": ["labels": ["a/b": "c"]]], #"p-01 /metadata/labels/a~1b - "c""#),
            (
                1, ["metadata": ["annotations": ["policyserver/part-of": .null]]],
                #"p-01 /metadata/annotations/policyserver~1part-of "p" -"#
            ),
        ] as [(Int, JSONValue, String)])
    func changes(index: Int, patch: JSONValue, expected: String) throws {
        #expect(try drift(changed(index, patch)).first == expected)
    }

    @Test("a change inside a rule, and a rule that was added")
    func rules() throws {
        var stored = CrossRegionSample.stored(try policy())
        let text = String(decoding: stored[0].bytes, as: UTF8.self)
        let ports = text.replacing(#""ports":[80,443]"#, with: #""ports":[80,444]"#)
        stored[0].document = try JSONParser.parse(ports)
        #expect(try drift(stored) == ["p /spec/ingress/0/destination/ports/1 443 444"])
        let added = text.replacing(#""ingress":["#, with: #""ingress":[{"action":"Allow"},"#)
        stored[0].document = try JSONParser.parse(added)
        #expect(try drift(stored).first?.hasPrefix("p /spec/ingress [{") == true)
    }

    @Test("a policy that is missing, and a part too many")
    func objects() throws {
        let stored = CrossRegionSample.stored(try policy())
        #expect(try drift([stored[0]]) == ["p-01 "])
        #expect(try drift([stored[1]]) == ["p "])
        var extra = stored[1]
        extra.key = ResourceKey(.globalNetworkPolicy, name: "p-02")
        extra.document = MergePatch.apply(["metadata": ["name": "p-02"]], to: extra.document)
        #expect(try drift(stored + [extra]) == ["p-02 "])
        var others = extra
        others.document = MergePatch.apply(
            ["metadata": ["annotations": ["policyserver/part-of": "q"]]], to: extra.document)
        #expect(try drift(stored + [others]) == [])
    }

    @Test("a subnet that moved, and one that is gone")
    func subnets() throws {
        let stored = CrossRegionSample.stored(try policy())
        let moved = CrossRegionDrift.drift(source: try policy(), stored: stored) { _ in
            try? CIDR(parsing: "10.7.0.0/24")
        }
        #expect(moved.map(\.pointer) == ["/spec/ingress/0/source/nets/0"])
        #expect(moved.first?.expected == "10.7.0.0/24")
        let gone = CrossRegionDrift.drift(source: try policy(), stored: stored) { _ in nil }
        #expect(gone.map(\.pointer) == ["/metadata/annotations/policyserver~1source"])
    }

    @Test("the source is read back from the stored policy")
    func source() throws {
        let policy = try policy()
        let stored = CrossRegionSample.stored(policy)
        #expect(CrossRegionAnnotation.sourceDocument(of: stored[0]) == policy.source)
        let decoded = try #require(CrossRegionAnnotation.policy(of: stored[0]))
        #expect(decoded.violations == [])
        #expect(decoded.value == policy)
        #expect(CrossRegionAnnotation.sourceName(ofPart: stored[0]) == nil)
        #expect(CrossRegionAnnotation.sourceDocument(of: stored[1]) == nil)
        #expect(CrossRegionAnnotation.sourceName(ofPart: stored[1]) == "p")
        let broken = try changed(
            0, ["metadata": ["annotations": ["policyserver/source": "{"]]])
        #expect(CrossRegionAnnotation.policy(of: broken[0]) == nil)
    }
}
