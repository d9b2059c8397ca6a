import Calico
import ControlPlane
import Documents
import Domain
import Testing

@Suite struct PolicyPlanningTests {
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"

    @Test(
        "A new policy is named as the convention says, and found by its author's name",
        arguments: [
            (PolicyNameConvention.auto, false, "web"), (.auto, true, "default.web"),
            (.plain, true, "web"), (.tiered, false, "default.web"),
        ])
    func convention(
        _ convention: PolicyNameConvention, _ hasTiered: Bool, _ stored: String
    ) throws {
        let bench = PlannerBench(policyNames: convention)
        if hasTiered {
            bench.put(Self.policies + "default.old", #"{"metadata":{"name":"default.old"}}"#)
        }
        let created = try #require(bench.accept(.policy("web")))
        #expect(created.verb == .create)
        #expect(created.writes[0].path == Self.policies + stored)
        let updated = try #require(bench.accept(.policy("web", selector: "has(c)")))
        #expect(updated.verb == .update)
        #expect(updated.writes[0].path == Self.policies + stored)
        #expect(updated.view(revision: 1)?.document["metadata"]?["name"] == "web")
        #expect(bench.accept(.delete(.policy("web")))?.writes[0].path == Self.policies + stored)
    }

    @Test("A policy stored under another naming convention is updated in place")
    func inPlace() throws {
        let bench = PlannerBench(policyNames: .plain)
        bench.put(
            Self.policies + "default.web",
            #"{"kind":"GlobalNetworkPolicy","metadata":{"name":"default.web","uid":"u","#
                + #""annotations":{"other":"kept"}},"spec":{"tier":"default"}}"#)
        let write = try #require(bench.accept(.policy("web")))
        #expect(write.verb == .update)
        #expect(write.writes[0].path == Self.policies + "default.web")
        #expect(write.writes[0].expectedRevision == 101)
        let metadata = write.after?.document["metadata"]
        #expect(metadata?["uid"] == "u")
        #expect(metadata?["annotations"]?["other"] == "kept")
    }

    @Test("A policy needs a tier that exists, and stays in it")
    func tiers() throws {
        let bench = PlannerBench()
        func inTier(_ tier: String) -> ChangeOperation {
            var document = JSONValue.policy("web")
            document = MergePatch.apply(["spec": ["tier": .string(tier)]], to: document)
            return .put(.policy("web"), document)
        }
        #expect(bench.refusal(inTier("security"))?.rules == ["policy.tier-unknown"])
        bench.put(PlannerBench.root + "tiers/security", #"{"spec":{"order":1}}"#)
        let write = try #require(bench.write(inTier("security")))
        #expect(write.required == [PlannerBench.root + "tiers/security"])
        bench.accept(inTier("default"))
        #expect(bench.refusal(inTier("security"))?.rules == ["policy.tier-changed"])
    }

    @Test("The first policy writes tiers and ClusterInformation beside itself, later ones nothing")
    func installation() throws {
        let bench = PlannerBench()
        let first = try #require(bench.accept(.policy("a")))
        #expect(
            first.writes.dropFirst().map(\.path)
                == [
                    "tiers/default", "tiers/kube-admin", "tiers/kube-baseline",
                    "clusterinformations/default",
                ].map { PlannerBench.root + $0 })
        #expect(first.writes.dropFirst().allSatisfy { $0.expectedRevision == 0 })
        #expect(bench.accept(.policy("b"))?.writes.count == 1)
    }

    @Test("Writes of Neutron's policies are refused")
    func reserved() {
        let bench = PlannerBench()
        bench.accept(.region("one"))
        let name = ObjectName.regionPolicy(region: "one", name: "ossg.default.x")
        let put = ChangeOperation.put(name, .policy("ossg.default.x", kind: "NetworkPolicy"))
        #expect(bench.refusal(put)?.reason == .reserved)
        #expect(bench.refusal(.delete(name))?.reason == .reserved)
        #expect(bench.refusal(.patch(name, [:])) != nil)
    }

    @Test("A region's policy needs its region and is stored in its namespace")
    func regionPolicy() {
        let bench = PlannerBench()
        let put = ChangeOperation.put(
            .regionPolicy(region: "one", name: "p"), .policy("p", kind: "NetworkPolicy"))
        #expect(bench.refusal(put)?.reason == .notFound)
        bench.accept(.region("one"))
        let write = bench.write(put)
        #expect(
            write?.writes[0].path == PlannerBench.root + "networkpolicies/openstack-region-one/p")
        #expect(write?.after?.document["metadata"]?["namespace"] == "openstack-region-one")
    }

    @Test("A document read before another change is refused, one read now is accepted")
    func staleResourceVersion() {
        let bench = PlannerBench()
        bench.accept(.policy("web"))
        func named(_ revision: Int64) -> ChangeOperation {
            let version: JSONValue = ["metadata": ["resourceVersion": .string("\(revision)")]]
            return .put(
                .policy("web"),
                MergePatch.apply(version, to: .policy("web", selector: "has(new)")))
        }
        #expect(bench.refusal(named(7))?.reason == .preconditionFailed)
        #expect(bench.refusal(named(7))?.currentRevision == bench.revision)
        #expect(bench.write(named(bench.revision)) != nil)
    }

    @Test("The same document again writes nothing")
    func unchanged() {
        let bench = PlannerBench()
        bench.accept(.policy("web"))
        guard case .unchanged = bench.decide(.policy("web")) else {
            Issue.record("it would be written again")
            return
        }
    }

    @Test("Warnings accompany a change, and refuse it when the client is strict")
    func strict() throws {
        let bench = PlannerBench()
        // The label of a security group has the group's name as its value, so a comparison of the value is nearly
        // always a mistake.
        let doubtful = ChangeOperation.policy(
            "web", selector: "sg.projectcalico.org/openstack-a7734e61 == 'x'")
        let write = try #require(bench.write(doubtful))
        #expect(!write.warnings.isEmpty)
        let refusal = bench.refusal(doubtful, options: ChangeOptions(strict: true))
        #expect(refusal?.reason == .invalid)
        #expect(refusal?.violations == ViolationList(write.warnings))
    }
}
