import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of subnets that CrossRegionPolicies name.
@Suite struct SubnetUserTests {
    private let bench = PlannerBench()
    private static let web = ObjectName.policy("web")
    private static let apps = ObjectName.subnet(region: "west", name: "apps")
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let apps24 = PlannerBench.root + "globalnetworksets/subnet.west.apps"
    private static let group = "85cc3048-abc3-43cc-89b3-377341426ac5"

    init() {
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        bench.accept(
            .put(Self.apps, ["cidr": "10.1.0.0/24", "labels": ["by": "ci"]]))
        bench.accept(.put(Self.web, Self.document("web")))
    }

    /// Returns a policy whose compiled rule contains the subnet's network. A peer with a second condition, here a
    /// security group, cannot be compiled to the subnet's label alone.
    private static func document(_ name: String, from subnet: String = "west/apps") -> JSONValue {
        .json(
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(name)"},"spec":{"order":5,"allow":[{"from":{"subnet":"\#(subnet)","securityGroup":"\#(group)"},"to":{"region":"east"}}]}}"#
        )
    }

    private func object(_ name: ObjectName = web) -> ObjectView? {
        bench.planner.current(name, PlanningView(bench.mirror))?.object
    }

    private func nets() -> JSONValue? {
        object()?.document["status"]?["compiled"]?.arrayValue?.first?["spec"]?["ingress"]?
            .arrayValue?.first?[
                "source"]?["nets"]
    }

    @Test("A subnet that is named cannot be deleted, nor pruned, and its users are listed")
    func inUse() throws {
        bench.accept(.put(.policy("also"), Self.document("also")))
        let prune = try Selector(parsing: "by == 'ci'")
        for change in [
            .delete(Self.apps), .apply(Manifest([JSONValue]()), prune: prune),
        ] as [ChangeOperation] {
            let refusal = bench.refusal(change)
            guard case .apply = change else {
                #expect(refusal?.reason == .inUse)
                #expect(
                    refusal?.objects
                        == ["also", "web"].map {
                            ObjectReference(kind: "CrossRegionPolicy", name: $0)
                        })
                #expect(refusal?.total == 2)
                continue
            }
            #expect(refusal != nil)
        }
        let region: JSONValue = [
            "kind": "Region", "name": "west", "addressBlocks": ["10.1.0.0/16"],
        ]
        let pruned = bench.refusal(.apply(Manifest([region]), prune: prune))
        #expect(pruned?.reason == .inUse)
        bench.accept(.delete(.policy("also")))
        #expect(bench.refusal(.delete(Self.apps))?.objects.map(\.name) == ["web"])
        bench.accept(.delete(Self.web))
        #expect(bench.accept(.delete(Self.apps)) != nil)
    }

    @Test("A manifest may remove the subnet together with what names it")
    func manifestRemovesBoth() throws {
        bench.accept(.subnet("west", "other", "10.1.1.0/24"))
        let prune = try Selector(parsing: "by == 'ci'")
        let change = ChangeOperation.apply(
            Manifest([Self.document("web", from: "west/other")]), prune: prune)
        let write = try #require(bench.accept(change))
        #expect(write.writes.contains { $0.path == Self.apps24 && $0.bytes == nil })
        #expect(object(Self.apps) == nil)
        #expect(object()?.document["status"]?["drift"] == [])
    }

    @Test("A new network of the subnet goes into the policies' rules in the same transaction")
    func moved() throws {
        #expect(nets() == ["10.1.0.0/24"])
        let write = try #require(
            bench.accept(.put(Self.apps, ["cidr": "10.1.7.0/24", "labels": ["by": "ci"]])))
        #expect(write.writes.map(\.path) == [Self.apps24, Self.policies + "web"])
        #expect(write.followers.map(\.name) == [Self.web])
        #expect(nets() == ["10.1.7.0/24"])
        #expect(object()?.document["status"]?["drift"] == [])
        let patched = try #require(bench.accept(.patch(Self.apps, ["cidr": "10.1.8.0/24"])))
        #expect(patched.writes.count == 2)
        #expect(nets() == ["10.1.8.0/24"])
        let subnet: JSONValue = [
            "kind": "Subnet", "region": "west", "name": "apps", "cidr": "10.1.9.0/24",
        ]
        for manifest in [[subnet], [subnet, Self.document("web")]] {
            let applied = try #require(bench.write(.apply(Manifest(manifest), prune: nil)))
            #expect(
                applied.writes.map(\.path).sorted()
                    == [Self.policies + "web", Self.apps24].sorted())
        }
        let labels = bench.write(.put(Self.apps, ["cidr": "10.1.8.0/24", "labels": ["x": "y"]]))
        #expect(labels?.writes.count == 1, "the network stays")
    }

    @Test("A network that the policies cannot follow is refused")
    func cannotFollow() {
        let narrow = JSONValue.json(
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"web"},"spec":{"order":5,"allow":[{"from":{"subnet":"west/apps","nets":["10.1.0.0/28"],"securityGroup":"\#(Self.group)"},"to":{"region":"east"}}]}}"#
        )
        bench.accept(.put(Self.web, narrow))
        let refusal = bench.refusal(.subnet("west", "apps", "10.1.7.0/24"))
        #expect(refusal?.reason == .inUse)
        #expect(refusal?.objects.map(\.name) == ["web"])
    }

    @Test("Drift says when others removed or moved what the policy names")
    func drift() throws {
        bench.put(
            Self.apps24,
            #"{"metadata":{"labels":{"policyserver/region":"west","policyserver/subnet":"apps"}},"spec":{"nets":["10.1.5.0/24"]}}"#
        )
        let moved = object()?.document["status"]?["drift"]?.arrayValue ?? []
        #expect(moved.map { $0["pointer"] } == ["/spec/ingress/0/source/nets/0"])
        bench.delete(Self.apps24)
        bench.delete(PlannerBench.root + "globalnetworksets/region.east")
        let gone = object()?.document["status"]?["drift"]?.arrayValue ?? []
        #expect(
            gone.map { $0["reason"]?.stringValue?.prefix { $0 != ";" } } == [
                "/spec/allow/0/to/region: there is no region east",
                "/spec/allow/0/from/subnet: there is no subnet west/apps",
            ])
    }

    @Test("The index follows what stored policies name, and damaged sources too")
    func index() {
        let subnet = SubnetID(region: "west", name: "apps")
        func users() -> Set<String> {
            bench.mirror.read { $0.stored.crossRegions.policies(naming: subnet) }
        }
        #expect(users() == [Self.policies + "web"])
        bench.put(
            Self.policies + "odd",
            #"{"metadata":{"annotations":{"policyserver/source":"{\"spec\":{\"allow\":[{\"from\":{\"subnet\":\"west/apps\",\"x\":1}}]}}"}},"spec":{}}"#
        )
        #expect(users().count == 2)
        bench.put(Self.policies + "odd", "{")
        bench.accept(.delete(Self.web))
        #expect(users() == [])
    }
}
