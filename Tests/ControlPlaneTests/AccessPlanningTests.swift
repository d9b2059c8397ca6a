import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the caller's rights over the objects of a change.
@Suite struct AccessPlanningTests {
    private let bench = PlannerBench()
    private static let east = AccessScope([Grant(.editor, regions: .some(["east"]))])
    private static let both = AccessScope([Grant(.editor, regions: .some(["east", "west"]))])
    /// An editor of east who reads everything.
    private static let reader = AccessScope([
        Grant(.editor, regions: .some(["east"])), Grant(.viewer),
    ])
    private static let group = "85cc3048-abc3-43cc-89b3-377341426ac5"

    init() {
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        bench.accept(.subnet("west", "apps", "10.1.0.0/24"))
        bench.accept(.subnet("east", "web", "10.2.0.0/24"))
        bench.accept(.put(.policy("secret"), Self.policy("secret", "west")))
        bench.accept(.put(.policy("own"), Self.policy("own", "east")))
        bench.accept(.put(.policy("shared"), Self.crossRegion("shared", from: "east", to: "west")))
    }

    /// A GlobalNetworkPolicy for the VMs of a region; nil for the VMs of all regions.
    private static func policy(_ name: String, _ region: String?, peer: String? = nil) -> JSONValue
    {
        func vms(_ region: String?) -> String {
            region.map { "projectcalico.org/namespace == 'openstack-region-\($0)'" } ?? "has(x)"
        }
        let source = peer.map { #","source":{"selector":"\#(vms($0))"}"# } ?? ""
        return .json(
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)","labels":{"by":"ci"}},"spec":{"order":1,"selector":"\#(vms(region))","types":["Ingress"],"ingress":[{"action":"Allow"\#(source)}]}}"#
        )
    }

    private static func crossRegion(_ name: String, from: String, to: String) -> JSONValue {
        .json(
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(name)"},"spec":{"order":5,"allow":[{"from":{"region":"\#(from)"},"to":{"region":"\#(to)"}}]}}"#
        )
    }

    private func reason(_ operation: ChangeOperation, _ scope: AccessScope = east) -> Refusal
        .Reason?
    {
        bench.scope = scope
        return bench.refusal(operation)?.reason
    }

    private func detail(_ operation: ChangeOperation, _ scope: AccessScope = east) -> String? {
        bench.scope = scope
        return bench.refusal(operation)?.detail
    }

    @Test("A path in another region is refused without a look at what exists")
    func paths() {
        let present: [ChangeOperation] = [
            .region("west"), .subnet("west", "apps", "10.1.0.0/24"), .delete(.region("west")),
            .delete(.subnet(region: "west", name: "apps")),
            .patch(.region("west"), ["description": "x"]),
            .allocateSubnet(region: "west", ["prefixLength": 24, "name": "n"]),
            .delete(.regionPolicy(region: "west", name: "x")),
        ]
        for operation in present { #expect(reason(operation) == .forbidden, "\(operation)") }
        // The same texts as for a region that does not exist.
        for (known, unknown) in [
            (ChangeOperation.delete(.region("west")), ChangeOperation.delete(.region("none"))),
            (
                .delete(.subnet(region: "west", name: "apps")),
                .delete(.subnet(region: "none", name: "apps"))
            ),
        ] {
            #expect(detail(known)?.replacing("west", with: "none") == detail(unknown))
            let draft = bench.planner.draft(
                PreparedChange(known, regions: []), .sample(known, scope: Self.east),
                bench.mirror, deadline: .now + .seconds(5))
            #expect(draft.reads.count == 0)
        }
        #expect(reason(.subnet("east", "new", "10.2.1.0/24")) == nil)
        #expect(reason(.subnet("west", "new", "10.1.1.0/24"), Self.both) == nil)
        #expect(reason(.subnet("west", "new", "10.1.1.0/24"), Self.reader) == .forbidden)
    }

    @Test("A policy needs the right in every region that it touches, before and after")
    func policies() {
        func put(_ name: String, _ region: String?, peer: String? = nil) -> ChangeOperation {
            .put(.policy(name), Self.policy(name, region, peer: peer))
        }
        #expect(reason(put("new", "east")) == nil)
        #expect(reason(put("new", "east", peer: "east")) == nil)
        #expect(reason(put("new", "east", peer: "west")) == .forbidden)
        #expect(reason(put("new", "west")) == .forbidden)
        #expect(reason(put("new", nil)) == .forbidden)
        #expect(reason(put("new", "east", peer: "west"), Self.both) == nil)
        #expect(reason(put("new", nil), Self.both) == .forbidden)
        // The object before the change counts too.
        #expect(reason(put("secret", "east")) == .forbidden)
        #expect(reason(put("secret", "east"), Self.reader) == .forbidden)
        #expect(reason(put("secret", "east"), Self.both) == nil)
        #expect(reason(.delete(.policy("own"))) == nil)
        let patch = Self.policy("own", "east", peer: "west")["spec"] ?? .null
        #expect(reason(.patch(.policy("own"), ["spec": patch])) == .forbidden)
        #expect(reason(.patch(.policy("own"), ["spec": patch]), Self.both) == nil)
    }

    @Test("A GlobalNetworkPolicy needs the right in each region that it names and so keeps in use")
    func namedRegions() throws {
        let put = ChangeOperation.put(
            .policy("new"),
            .json(
                #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"new"},"spec":{"order":1,"selector":"policyserver/region == 'east'","types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"policyserver/region == 'east'","notSelector":"policyserver/region == 'west'"}}]}}"#
            ))
        #expect(reason(put) == .forbidden)
        #expect(reason(put, Self.both) == nil)
    }

    @Test(
        "A CrossRegionPolicy needs the right in each region that it names, and learns nothing of others"
    )
    func crossRegions() throws {
        func put(_ from: String, _ to: String) -> ChangeOperation {
            .put(.policy("new"), Self.crossRegion("new", from: from, to: to))
        }
        #expect(reason(put("east", "east")) == nil)
        #expect(reason(put("east", "west")) == .forbidden)
        #expect(reason(put("west", "east")) == .forbidden)
        #expect(reason(put("east", "west"), Self.both) == nil)
        // A region or subnet that does not exist gives the same answer as one that does.
        #expect(detail(put("east", "west")) == detail(put("east", "nowhere")))
        let subnet: @Sendable (String) -> ChangeOperation = { name in
            .put(
                .policy("new"),
                .json(
                    #"{"kind":"CrossRegionPolicy","metadata":{"name":"new"},"spec":{"order":5,"allow":[{"from":{"subnet":"west/\#(name)"},"to":{"region":"east"}}]}}"#
                ))
        }
        #expect(detail(subnet("apps")) == detail(subnet("none")))
        // Labels beside a subnet do not take the subnet's region away.
        let hidden: @Sendable (String) -> ChangeOperation = { name in
            .put(
                .policy("new"),
                .json(
                    #"{"kind":"CrossRegionPolicy","metadata":{"name":"new"},"spec":{"order":5,"allow":[{"from":{"subnet":"west/\#(name)","labels":{"policyserver/region":"east"}},"to":{"region":"east"}}]}}"#
                ))
        }
        #expect(reason(hidden("apps")) == .forbidden)
        #expect(detail(hidden("apps")) == detail(hidden("none")))
        #expect(reason(.delete(.policy("shared")), Self.both) == nil)
        #expect(reason(.delete(.policy("shared")), Self.reader) == .forbidden)
    }

    @Test(
        "A policy that the caller may not see is like an absent one, except that its name is taken")
    func hidden() {
        for name in ["secret", "shared"] {
            #expect(reason(.delete(.policy(name))) == .notFound)
            #expect(detail(.delete(.policy(name))) == "there is no policy \(name)")
            #expect(detail(.patch(.policy(name), ["spec": [:]])) == "there is no policy \(name)")
            bench.scope = Self.east
            let condition = Precondition(ifMatch: .oneOf([1]), ifNoneMatch: nil)
            let deletion = bench.refusal(.delete(.policy(name)), precondition: condition)
            #expect(deletion?.reason == .preconditionFailed)
            #expect(deletion?.currentRevision == nil)
            // The same text as for a new policy that touches other regions.
            let taken = detail(.put(.policy(name), Self.policy(name, "east")))
            let foreign = detail(.put(.policy("new"), Self.policy("new", "west")))
            #expect(taken == foreign?.replacing("policy new", with: "policy \(name)"))
        }
        #expect(detail(.delete(.policy("none"))) == "there is no policy none")
    }

    @Test("A NetworkPolicy is of its region, and of the regions that its rules name")
    func regionPolicies() {
        func put(_ region: String, _ peer: String) -> ChangeOperation {
            .put(
                .regionPolicy(region: region, name: "p"),
                .json(
                    #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{"selector":"has(x)","types":["Ingress"],"ingress":[{"action":"Allow","source":{\#(peer)}}]}}"#
                ))
        }
        let west = #""selector":"policyserver/region == 'west'","namespaceSelector":"global()""#
        #expect(reason(put("east", #""selector":"has(x)""#)) == nil)
        #expect(reason(put("west", #""selector":"has(x)""#)) == .forbidden)
        #expect(reason(put("east", west)) == .forbidden)
        #expect(reason(put("east", west), Self.both) == nil)
        bench.scope = .unlimited
        bench.accept(put("east", west))
        #expect(reason(.delete(.regionPolicy(region: "east", name: "p"))) == .notFound)
        #expect(reason(put("east", #""selector":"has(x)""#)) == .forbidden)
    }

    @Test("Messages about conflicts name only what the caller may see")
    func conflicts() throws {
        bench.scope = Self.east
        for operation in [
            ChangeOperation.region("east", blocks: ["10.2.0.0/16", "10.1.0.0/20"]),
            .region("east", blocks: ["10.0.0.0/8"]),
        ] {
            let refusal = try #require(bench.refusal(operation))
            #expect(refusal.reason == .overlap)
            #expect(refusal.objects == [] && refusal.total == 0)
            #expect(refusal.detail.contains("a block of a region that you may not see"))
            #expect(!refusal.detail.contains("west") && !refusal.detail.contains("10.1.0.0/16"))
        }
        bench.scope = .unlimited
        bench.accept(.region("free"))
        bench.scope = AccessScope([Grant(.editor, regions: .some(["free"]))])
        let overlap = try #require(bench.refusal(.subnet("free", "new", "10.1.0.0/25")))
        #expect(overlap.reason == .overlap && overlap.objects == [])
        #expect(!overlap.detail.contains("west") && !overlap.detail.contains("10.1.0.0/16"))
        bench.scope = .unlimited
        let named = bench.refusal(.subnet("free", "new", "10.1.0.0/25"))
        #expect(named?.detail.contains("west") == true)
    }

    @Test("Messages about users name and count only what the caller may see")
    func users() throws {
        bench.scope = Self.east
        let refusal = try #require(bench.refusal(.delete(.region("east"))))
        #expect(refusal.reason == .inUse)
        #expect(refusal.objects.map(\.name) == ["web", "own"] && refusal.total == 2)
        #expect(refusal.detail.contains("2 objects and objects that you may not see"))
        bench.scope = .unlimited
        bench.accept(
            .put(
                .policy("user"),
                .json(
                    #"{"kind":"CrossRegionPolicy","metadata":{"name":"user"},"spec":{"order":5,"allow":[{"from":{"subnet":"east/web","securityGroup":"\#(Self.group)"},"to":{"region":"west"}}]}}"#
                )))
        bench.scope = Self.east
        let named = try #require(bench.refusal(.delete(.subnet(region: "east", name: "web"))))
        #expect(named.reason == .inUse && named.objects == [] && named.total == 0)
        #expect(!named.detail.contains("user:") && !named.detail.contains("1 "))
        // A new network of the subnet would change the policy too.
        let moved = try #require(bench.refusal(.subnet("east", "web", "10.2.9.0/24")))
        #expect(moved.reason == .forbidden && !moved.detail.contains("user "))
        bench.scope = Self.both
        #expect(bench.write(.subnet("east", "web", "10.2.9.0/24"))?.followers.count == 1)
    }

    @Test("Every object of a manifest is checked, and prune does not see hidden objects")
    func manifests() throws {
        let documents = [Self.policy("new", "east"), Self.policy("other", "west")]
        func apply(_ documents: [JSONValue], prune: Bool = false) -> ChangeOperation {
            .apply(Manifest(documents), prune: prune ? try? Selector(parsing: "by == 'ci'") : nil)
        }
        #expect(reason(apply([documents[0]])) == nil)
        #expect(reason(apply(documents)) == .forbidden)
        #expect(reason(apply(documents), Self.both) == nil)
        bench.scope = Self.east
        #expect(bench.refusal(apply(documents))?.rules == ["apply.forbidden"])
        let write = try #require(bench.write(apply([documents[0]], prune: true)))
        #expect(Set(write.parts.map(\.name.name)) == ["new", "own"])
        // Objects that the caller may see and not change make the whole manifest fail.
        #expect(reason(apply([documents[0]], prune: true), Self.reader) == .forbidden)
        bench.scope = Self.both
        let pruned = try #require(bench.write(apply([documents[0]], prune: true)))
        #expect(Set(pruned.parts.map(\.name.name)) == ["new", "own", "secret"])
    }

    @Test("A grant limited to kinds allows only these")
    func kinds() {
        let subnets = AccessScope([Grant(.editor, regions: .some(["east"]), kinds: ["Subnet"])])
        #expect(reason(.subnet("east", "new", "10.2.1.0/24"), subnets) == nil)
        #expect(reason(.region("east"), subnets) == .forbidden)
        #expect(reason(.put(.policy("new"), Self.policy("new", "east")), subnets) == .forbidden)
        let policies = AccessScope([Grant(.editor, kinds: ["GlobalNetworkPolicy"])])
        #expect(reason(.put(.policy("new"), Self.policy("new", nil)), policies) == nil)
        let cross = Self.crossRegion("new", from: "east", to: "west")
        #expect(reason(.put(.policy("new"), cross), policies) == .forbidden)
    }

    @Test("Warnings do not show which other regions and groups exist")
    func warnings() throws {
        bench.put(
            PlannerBench.root + "workloadendpoints/openstack-region-west/a",
            #"{"metadata":{"labels":{"projectcalico.org/namespace":"openstack-region-west","sg.projectcalico.org/openstack-\#(Self.group)":"x"}}}"#
        )
        func warnings(_ region: String, _ group: String) -> [String] {
            var document = Self.policy("new", "east")
            let selector =
                "projectcalico.org/namespace == 'openstack-region-east' && projectcalico.org/namespace != 'openstack-region-\(region)' && has(sg.projectcalico.org/openstack-\(group))"
            document = MergePatch.apply(["spec": ["selector": .string(selector)]], to: document)
            return (bench.write(.put(.policy("new"), document))?.warnings ?? []).map(\.rule.name)
        }
        let absent = Self.group.replacing("85cc", with: "0000")
        bench.scope = Self.east
        #expect(warnings("west", Self.group) == warnings("none", absent))
        bench.scope = .unlimited
        #expect(warnings("west", Self.group) != warnings("none", Self.group))
        #expect(warnings("west", Self.group) != warnings("west", absent))
    }

    @Test("A key that stores a policy twice is removed only with the right for both")
    func twins() {
        bench.put(
            PlannerBench.root + "globalnetworkpolicies/default.own",
            String(
                decoding: JSONSerializer.bytes(Self.policy("own", "west")), as: UTF8.self))
        #expect(reason(.delete(.policy("own"))) == .forbidden)
        #expect(reason(.delete(.policy("own")), Self.both) == nil)
    }
}
