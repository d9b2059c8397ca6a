import Calico
import ControlPlane
import Documents
import Domain
import Testing

@Suite struct InventoryPlanningTests {
    private let bench: PlannerBench

    init() {
        bench = PlannerBench()
        bench.accept(.region("one", blocks: ["10.0.0.0/16", "2001:db8::/48"]))
        bench.accept(.region("two", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("free"))
        bench.accept(.subnet("one", "web", "10.0.1.0/24"))
    }

    @Test(
        "A subnet that meets another of any region is refused, naming it",
        arguments: [("one", "10.0.1.128/25"), ("one", "10.0.0.0/23"), ("one", "10.0.1.0/24")])
    func overlap(region: String, cidr: String) throws {
        let refusal = try #require(bench.refusal(.subnet(region, "other", cidr)))
        #expect(refusal.reason == .overlap)
        #expect(refusal.rules == ["subnet.overlap"])
        #expect(
            refusal.objects == [
                ObjectReference(kind: "Subnet", name: "web", region: "one", cidr: "10.0.1.0/24")
            ])
    }

    @Test("A subnet may move to a block that overlaps its old one")
    func ownAddresses() {
        #expect(bench.accept(.subnet("one", "web", "10.0.0.0/23"))?.verb == .update)
        #expect(bench.refusal(.subnet("one", "other", "10.0.0.0/24"))?.reason == .overlap)
        #expect(bench.accept(.delete(.subnet(region: "one", name: "web")))?.verb == .delete)
        #expect(bench.accept(.subnet("one", "other", "10.0.0.0/24"))?.verb == .create)
    }

    @Test(
        "A subnet has to lie in its region's blocks, and in no other region's",
        arguments: [
            ("one", "192.0.2.0/24", Refusal.Reason.invalid, ["subnet.outside-region"]),
            (
                "one", "10.0.0.0/15", .invalid,
                ["subnet.outside-region", "subnet.overlap", "subnet.in-foreign-block"]
            ),
            ("free", "10.1.2.0/24", .overlap, ["subnet.in-foreign-block"]),
            ("two", "10.0.9.0/24", .invalid, ["subnet.outside-region", "subnet.in-foreign-block"]),
            ("none-such", "10.9.0.0/24", .notFound, []),
        ])
    func blocks(
        region: String, cidr: String, reason: Refusal.Reason, rules: [String]
    ) throws {
        let refusal = try #require(bench.refusal(.subnet(region, "other", cidr)))
        #expect(refusal.reason == reason)
        #expect(refusal.rules == rules)
    }

    @Test("Blocks of a region cannot take another's, another's subnets, or leave its own subnets")
    func regionBlocks() {
        #expect(bench.accept(.subnet("free", "far", "172.16.0.0/24")) != nil)
        let cases: [(String, [String], [String])] = [
            ("three", ["10.0.0.0/8"], ["region.block-overlap", "region.block-overlap"]),
            ("three", ["172.16.0.0/12"], ["region.block-takes-subnet"]),
            ("one", ["10.0.2.0/24"], ["region.blocks-leave-subnet"]),
            ("free", ["172.17.0.0/16"], ["region.blocks-leave-subnet"]),
        ]
        for (region, blocks, rules) in cases {
            let refusal = bench.refusal(.region(region, blocks: blocks))
            #expect(refusal?.reason == .overlap)
            let named = Set(refusal?.rules ?? [])
            #expect(named.isSuperset(of: rules), "\(region) \(blocks)")
        }
        #expect(bench.refusal(.region("one", blocks: ["10.0.1.0/24"])) == nil)
    }

    @Test(
        "A region does not give up blocks that subnets lie in, however it is asked to",
        arguments: [
            .region("one"), .put(.region("one"), [:]),
            .patch(.region("one"), ["addressBlocks": []]),
            .apply(Manifest([["kind": "Region", "name": "one"]]), prune: nil),
        ] as [ChangeOperation])
    func droppedBlocks(change: ChangeOperation) throws {
        let refusal = try #require(bench.refusal(change))
        #expect(refusal.reason == .overlap)
        #expect(refusal.rules == ["region.blocks-leave-subnet"])
        #expect(refusal.objects.map(\.name) == ["web"])
        bench.accept(.delete(.subnet(region: "one", name: "web")))
        #expect(bench.refusal(change) == nil, "without subnets it may")
    }

    @Test("A region without address blocks may have subnets")
    func withoutBlocks() {
        #expect(bench.accept(.subnet("free", "far", "172.16.0.0/24")) != nil)
        let described = ChangeOperation.put(.region("free"), ["description": "no blocks"])
        #expect(bench.accept(described)?.verb == .update)
        #expect(bench.refusal(.region("free", blocks: ["172.16.0.0/16"])) == nil)
    }

    @Test("A region in use cannot be deleted, and every kind of use is named")
    func inUse() throws {
        bench.accept(
            .put(.regionPolicy(region: "one", name: "p"), .policy("p", kind: "NetworkPolicy")))
        bench.accept(
            .policy("by-label", selector: "policyserver/region == 'one'"))
        bench.accept(
            .policy(
                "by-namespace", selector: "projectcalico.org/namespace == 'openstack-region-one'"))
        bench.accept(.policy("of-another", selector: "policyserver/region == 'one-more'"))
        let refusal = try #require(bench.refusal(.delete(.region("one"))))
        #expect(refusal.reason == .inUse)
        #expect(
            Set(refusal.objects.map { "\($0.kind) \($0.name)" }) == [
                "Subnet web", "NetworkPolicy p", "GlobalNetworkPolicy by-label",
                "GlobalNetworkPolicy by-namespace",
            ])
        #expect(bench.refusal(.delete(.region("two"))) == nil)
    }

    @Test("A failed precondition is refused with the current revision")
    func conditions() throws {
        let subnet = ObjectName.subnet(region: "one", name: "web")
        let change = ChangeOperation.subnet("one", "web", "10.0.2.0/24")
        let now = bench.revision
        func refusal(_ match: RevisionMatch?, _ none: RevisionMatch?) -> Refusal? {
            bench.refusal(change, precondition: Precondition(ifMatch: match, ifNoneMatch: none))
        }
        #expect(refusal(.oneOf([1, now]), nil) == nil)
        #expect(refusal(.any, nil) == nil)
        #expect(refusal(.oneOf([1]), nil)?.currentRevision == now)
        #expect(refusal(.oneOf([1]), nil)?.reason == .preconditionFailed)
        #expect(refusal(nil, .any)?.currentRevision == now)
        #expect(refusal(nil, .oneOf([1])) == nil)
        let absent = ChangeOperation.delete(.subnet(region: "one", name: "no"))
        let any = Precondition(ifMatch: .any, ifNoneMatch: nil)
        #expect(bench.refusal(absent, precondition: any)?.reason == .preconditionFailed)
        #expect(bench.refusal(absent)?.reason == .notFound)
        let stale: JSONValue = ["cidr": "10.0.2.0/24", "revision": 1]
        #expect(bench.refusal(.put(subnet, stale))?.reason == .preconditionFailed)
        let current: JSONValue = [
            "cidr": "10.0.2.0/24", "revision": .number(JSONNumber(now)),
        ]
        #expect(bench.refusal(.put(subnet, current)) == nil)
    }

    @Test("What is read can be written back, and writes nothing")
    func unchanged() throws {
        for (kind, name) in [
            ("region", ObjectName.region("one")), ("subnet", .subnet(region: "one", name: "web")),
        ] {
            let current = try #require(bench.planner.current(name, PlanningView(bench.mirror)))
            let document = try #require(current.object).document
            guard case .unchanged(let object, _) = bench.decide(.put(name, document)) else {
                Issue.record("the \(kind) would be written")
                continue
            }
            #expect(object.document == document)
        }
    }

    @Test("A merge patch changes what it names, and what other tools wrote stays")
    func foreignFields() throws {
        let path = PlannerBench.root + "globalnetworksets/subnet.one.web"
        bench.put(
            path,
            #"{"kind":"GlobalNetworkSet","apiVersion":"projectcalico.org/v3","extra":1,"metadata":{"#
                + #""name":"subnet.one.web","uid":"u","creationTimestamp":"2020-01-01T00:00:00Z","#
                + #""finalizers":["x"],"annotations":{"other/tool":"kept"}},"#
                + #""spec":{"nets":["10.0.1.0/24"]}}"#)
        let write = try #require(
            bench.write(.patch(.subnet(region: "one", name: "web"), ["description": "d"])))
        let document = try #require(write.after).document
        #expect(document["extra"] == 1)
        #expect(document["metadata"]?["finalizers"] == ["x"])
        #expect(document["metadata"]?["uid"] == "u")
        #expect(document["metadata"]?["creationTimestamp"] == "2020-01-01T00:00:00Z")
        let annotations = document["metadata"]?["annotations"]
        #expect(annotations?["other/tool"] == "kept")
        #expect(annotations?["policyserver/description"] == "d")
        #expect(document["spec"]?["nets"] == ["10.0.1.0/24"])
        #expect(bench.refusal(.patch(.region("one"), "text"))?.rules == ["patch.not-an-object"])
        #expect(bench.refusal(.patch(.region("no"), [:]))?.reason == .notFound)
    }

    @Test("An allocation takes the first free block of the family, inside what it names")
    func allocation() {
        func allocated(_ document: JSONValue) -> String? {
            bench.write(.allocateSubnet(region: "one", document))?.after?.document["spec"]?["nets"]?
                .arrayValue?.first?.stringValue
        }
        #expect(allocated(["name": "a", "prefixLength": 24]) == "10.0.0.0/24")
        #expect(allocated(["name": "a", "prefixLength": 23]) == "10.0.2.0/23")
        #expect(
            allocated(["name": "a", "prefixLength": 26, "within": "10.0.1.0/23"]) == nil,
            "a network with host bits")
        #expect(
            allocated(["name": "a", "prefixLength": 25, "within": "10.0.128.0/17"])
                == "10.0.128.0/25")
        #expect(
            allocated(["name": "a", "prefixLength": 64, "ipVersion": 6]) == "2001:db8::/64")
        func reason(_ document: JSONValue, _ region: String = "one") -> Refusal.Reason? {
            bench.refusal(.allocateSubnet(region: region, document))?.reason
        }
        #expect(reason(["name": "a", "prefixLength": 24, "within": "10.0.1.0/24"]) == .exhausted)
        #expect(reason(["name": "a", "prefixLength": 15]) == .exhausted)
        #expect(reason(["name": "a", "prefixLength": 24], "free") == .exhausted)
        #expect(reason(["name": "web", "prefixLength": 24]) == .alreadyExists)
        #expect(reason(["name": "a", "prefixLength": 33]) == .invalid)
        #expect(reason(["name": "a", "prefixLength": 24], "no") == .notFound)
    }
}

@Suite struct LegacyNamespaceTests {
    private let bench: PlannerBench

    init() {
        bench = PlannerBench()
        bench.put(PlannerBench.root + "workloadendpoints/openstack/h-openstack-d-p", "{}")
        bench.put(PlannerBench.root + "networkpolicies/openstack/ossg.default.g", "{}")
        bench.put(PlannerBench.root + "networkpolicies/openstack/mine", "{}")
    }

    @Test("The first named region is refused while the legacy namespace holds what Neutron deletes")
    func refused() throws {
        let refusal = try #require(bench.refusal(.region("one")))
        #expect(refusal.reason == .legacyLoss)
        #expect(refusal.total == 2)
        #expect(refusal.objects.map(\.name) == ["h-openstack-d-p", "ossg.default.g"])
    }

    @Test(
        "The first named region is accepted with acknowledgeLegacyLoss, and later regions without it"
    )
    func acknowledged() {
        let knows = ChangeOptions(acknowledgeLegacyLoss: true)
        #expect(bench.accept(.region("one"), options: knows) != nil)
        #expect(bench.accept(.region("two")) != nil)
    }

    @Test("The first named region is accepted once the legacy namespace is empty")
    func empty() {
        bench.delete(PlannerBench.root + "workloadendpoints/openstack/h-openstack-d-p")
        #expect(bench.refusal(.region("one"))?.total == 1)
        bench.delete(PlannerBench.root + "networkpolicies/openstack/ossg.default.g")
        #expect(bench.refusal(.region("one")) == nil)
    }
}
