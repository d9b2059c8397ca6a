import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the annotations with which this server marks the compiled policies of a CrossRegionPolicy. Clients must not
/// be able to set them.
@Suite struct ReservedAnnotationTests {
    private let bench = PlannerBench()
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"

    init() {
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        bench.accept(.subnet("west", "apps", "10.1.0.0/24"))
        bench.accept(
            .put(
                .policy("web"),
                .json(
                    #"{"kind":"CrossRegionPolicy","metadata":{"name":"web"},"spec":{"allow":[{"from":{"region":"east"},"to":{"subnet":"west/apps"}},{"from":{"region":"west"},"to":{"region":"east"}}]}}"#
                )))
    }

    private static func policy(
        _ name: String, kind: String = "GlobalNetworkPolicy", _ annotations: JSONValue
    ) -> JSONValue {
        [
            "apiVersion": "projectcalico.org/v3", "kind": .string(kind),
            "metadata": ["name": .string(name), "annotations": annotations],
            "spec": [
                "order": 1, "selector": "projectcalico.org/namespace == 'openstack-region-east'",
                "types": ["Ingress"],
            ],
        ]
    }

    private static let source = JSONValue.string(
        #"{"kind":"CrossRegionPolicy","metadata":{"name":"evil"},"spec":{"allow":[{"from":{"any":true},"to":{"subnet":"west/apps"}}]}}"#
    )

    private func shown(_ name: ObjectName) -> ObjectView? {
        bench.planner.current(name, PlanningView(bench.mirror))?.object
    }

    private func listed() -> [String] {
        var scan = ListScan(ListQuery(collection: .policies), bench.mirror, .unlimited)
        var names: [String] = []
        while let (_, view) = scan.next() { names.append(view.name.name) }
        return names
    }

    @Test(
        "A client's document may not have them", arguments: ["source", "part-of", "display-name"])
    func refused(key: String) throws {
        let value: JSONValue = key == "source" ? Self.source : .string("web")
        var members = JSONObject()
        members["policyserver/" + key] = value
        let annotations = JSONValue.object(members)
        let expected: [String] = ["document.read-only"]
        let global = ObjectName.policy("evil")
        let regional = ObjectName.regionPolicy(region: "east", name: "evil")
        let put = ChangeOperation.put(global, Self.policy("evil", annotations))
        let refusal: Refusal = try #require(bench.refusal(put))
        #expect(refusal.rules == expected)
        let pointers: [String] = refusal.violations.map(\.pointer)
        #expect(pointers == ["/metadata/annotations/policyserver~1" + key])
        let other = ChangeOperation.put(
            regional, Self.policy("evil", kind: "NetworkPolicy", annotations))
        #expect(bench.refusal(other)?.rules == expected)
        let manifest = Manifest([Self.policy("evil", annotations)])
        #expect(bench.refusal(.apply(manifest, prune: nil)) != nil)
        bench.accept(.put(global, Self.policy("evil", .object(JSONObject()))))
        let patch: JSONValue = ["metadata": ["annotations": annotations]]
        #expect(bench.refusal(.patch(global, patch))?.rules == expected)
        #expect(bench.refusal(put)?.rules == expected)
    }

    @Test("An editor of one region cannot plant a source that another change compiles")
    func planted() {
        bench.scope = AccessScope([Grant(.editor, regions: .some(["east"]))])
        bench.accept(
            .put(.policy("evil"), Self.policy("evil", ["policyserver/source": Self.source])))
        bench.scope = .unlimited
        let moved = bench.write(.subnet("west", "apps", "10.1.1.0/24"))
        #expect(moved?.writes.map(\.path).contains(Self.policies + "evil") == false)
    }

    @Test("A policy that cannot be a part is listed and can be changed, pruned and deleted")
    func falsePart() throws {
        for name in ["evil", "web-00", "web-99", "web-1", "other-01"] {
            let document = Self.policy(name, ["policyserver/part-of": "web"])
            bench.put(
                Self.policies + name,
                String(decoding: JSONSerializer.bytes(document), as: UTF8.self))
            #expect(listed().contains(name))
            let read = try #require(shown(.policy(name))?.document)
            #expect(bench.refusal(.put(.policy(name), read)) == nil)
            #expect(bench.write(.patch(.policy(name), ["spec": ["order": 2]])) != nil)
            #expect(bench.accept(.delete(.policy(name))) != nil)
        }
        #expect(listed() == ["web"])
        #expect(shown(.policy("web-01")) != nil)
    }

    @Test("A part whose CrossRegionPolicy is gone can be sent back, exported and applied")
    func orphan() throws {
        bench.delete(Self.policies + "web")
        let object = try #require(shown(.policy("web-01")))
        let put = ChangeOperation.put(.policy("web-01"), object.document)
        #expect(bench.refusal(put) == nil)
        #expect(bench.write(put) == nil)
        let exported = try #require(ControlPlane.writable(object))
        #expect(exported["metadata"]?["annotations"] == nil)
        bench.delete(Self.policies + "web-01")
        #expect(bench.accept(.put(.policy("web-01"), exported)) != nil)
    }

    @Test("A policy that replaces a CrossRegionPolicy cannot keep its source")
    func replaced() throws {
        let view = PlanningView(bench.mirror)
        let stored = try #require(bench.planner.current(.policy("web"), view)?.resource)
        let put = ChangeOperation.put(.policy("web"), stored.document)
        #expect(bench.refusal(put)?.rules == ["document.read-only"])
    }
}
