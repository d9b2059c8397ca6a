import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of two stored policies that are one object in the API: `two`, and `default.two`, which an older Calico wrote.
@Suite struct PolicyTwinTests {
    private let bench = PlannerBench()
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let two = ObjectName.policy("two")

    private func leftover(_ name: String = "default.two") {
        bench.put(
            Self.policies + name,
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)"},"spec":{"tier":"default","selector":"has(old)","types":["Ingress"]}}"#
        )
    }

    private func list() -> [ObjectView] {
        var scan = ListScan(
            ListQuery(collection: .policies), bench.mirror, .unlimited)
        var views: [ObjectView] = []
        while let (_, view) = scan.next() { views.append(view) }
        return views
    }

    @Test("Lists and reads show the policy that is stored without a prefix")
    func shownOnce() {
        bench.accept(.policy("two"))
        leftover()
        #expect(list().map(\.name) == [Self.two])
        let object = bench.planner.current(Self.two, PlanningView(bench.mirror))?.object
        #expect(list().first == object)
        #expect(object?.document["spec"]?["selector"] == "has(a)")
        let found = bench.mirror.read { state in
            ["two", "default.two"].map {
                state.stored.findings.findings(Self.policies + $0).map(\.code)
            }
        }
        #expect(found == [[.twin], [.twin]])
    }

    @Test("DELETE by name removes both stored policies; by a stored name only that one")
    func deletion() throws {
        bench.accept(.policy("two"))
        leftover()
        let leftoverOnly = try #require(bench.write(.delete(.policy("default.two"))))
        #expect(leftoverOnly.writes.map(\.path) == [Self.policies + "default.two"])
        let both = try #require(bench.accept(.delete(Self.two)))
        #expect(
            both.writes.map(\.path) == [Self.policies + "two", Self.policies + "default.two"])
        #expect(bench.planner.current(Self.two, PlanningView(bench.mirror)) == nil)
        #expect(list().isEmpty)
        #expect(bench.mirror.read { $0.stored.findings.byPath.isEmpty })
    }

    @Test("A write of one of two says so, in PUT, PATCH and a manifest")
    func warnings() throws {
        bench.accept(.policy("two"))
        leftover()
        let changes: [ChangeOperation] = [
            .policy("two", selector: "has(b)"),
            .patch(Self.two, ["spec": ["order": 7]]),
            .apply(Manifest([.policy("two", selector: "has(b)")]), prune: nil),
        ]
        for change in changes {
            let write = try #require(bench.write(change))
            #expect(write.warnings.map(\.rule.name) == ["stored.twin"])
        }
    }

    @Test("A twin that the caller may not see is not named")
    func hiddenTwin() throws {
        func policy(_ name: String, _ region: String, order: Int = 1) -> String {
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)"},"spec":{"selector":"projectcalico.org/namespace == 'openstack-region-\#(region)'","order":\#(order),"types":["Ingress"]}}"#
        }
        bench.accept(.put(Self.two, .json(policy("two", "east"))))
        let change = ChangeOperation.put(Self.two, .json(policy("two", "east", order: 2)))
        bench.scope = AccessScope([Grant(.editor, regions: .some(["east"]))])
        for (region, rules) in [("west", []), ("east", ["stored.twin"])] {
            bench.put(Self.policies + "default.two", policy("default.two", region))
            let write = try #require(bench.write(change))
            #expect(write.warnings.map(\.rule.name).filter { $0 == "stored.twin" } == rules)
        }
    }

    @Test("One prefixed name makes new names prefixed, with a warning; --policy-names overrides it")
    func convention() throws {
        bench.accept(.policy("one"))
        leftover()
        let write = try #require(bench.write(.policy("new")))
        #expect(write.writes.first?.path == Self.policies + "default.new")
        #expect(write.warnings.map(\.rule.name) == ["policy.name-convention"])
        let plain = PlannerBench(policyNames: .plain)
        #expect(plain.write(.policy("new"))?.warnings == [])
        let tiered = PlannerBench()
        tiered.put(Self.policies + "default.x", #"{"spec":{"types":["Ingress"]}}"#)
        #expect(tiered.write(.policy("new"))?.warnings == [], "all are prefixed: nothing to say")
    }

    @Test("Policies in other tiers are not twins, and twins follow every change of a name")
    func names() {
        leftover("default.two")
        leftover("default.three")
        #expect(list().count == 2)
        #expect(bench.mirror.read { $0.stored.findings.byPath.isEmpty })
        bench.put(Self.policies + "two", "{}")
        #expect(bench.mirror.read { $0.stored.findings.counts[.twin] } == 2)
        bench.delete(Self.policies + "default.two")
        #expect(bench.mirror.read { $0.stored.findings.counts[.twin] } == 0)
    }
}
