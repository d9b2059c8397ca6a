import Calico
import ControlPlane
import Domain
import Etcd
import Store
import TestSupport
import Testing

/// Tests of `ControlPlane.listVersion`, from which the ETags of lists are made.
@Suite struct ListVersionTests {
    private let directory: TemporaryDirectory
    private let plane: ControlPlane
    private let bench: PlannerBench
    private static let sets = PlannerBench.root + "globalnetworksets/"
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let collections: [ListQuery.Collection] = [
        .regions, .subnets(region: nil), .subnets(region: "a"), .policies,
        .regionPolicies(region: "a"),
    ]

    /// Everything that a list shows to a client.
    private struct Shown: Equatable {
        var items: [ObjectView]
        var findings: [ObjectFinding]
    }

    private func shown(_ collection: ListQuery.Collection) -> Shown {
        let page = plane.list(ListQuery(collection: collection, limit: 1_000))
        return Shown(items: page.items, findings: page.findings)
    }

    private func version(_ collection: ListQuery.Collection) -> UInt64 {
        plane.listVersion(collection)
    }

    /// Creates a control plane that does not run. Its mirror has the state of a planner bench.
    init() throws {
        directory = try TemporaryDirectory()
        let etcd = try EtcdClient(
            EtcdConfiguration(endpoints: ["http://127.0.0.1:1"]), logger: .quiet)
        plane = ControlPlane(
            store: etcd, ledger: try AuditLedger(path: directory.file("audit.sqlite")),
            statuses: .sample, configuration: ControlPlaneConfiguration(), logger: .quiet)
        bench = PlannerBench(mirror: plane.mirror)
    }

    @Test(
        "While the list version is the same, every list is the same",
        arguments: 1...6 as ClosedRange<UInt64>)
    func neverWrong(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var known: [Int: [UInt64: Shown]] = [:]
        for _ in 0..<300 {
            change(&random)
            for (index, collection) in Self.collections.enumerated() {
                let (version, now) = (version(collection), shown(collection))
                if let before = known[index]?[version] {
                    #expect(before == now, "\(collection) at \(version), seed \(seed)")
                }
                known[index, default: [:]][version] = now
            }
        }
        #expect(known.values.allSatisfy { $0.count > 5 })
    }

    /// Applies one random change, by this server or by another writer.
    private func change(_ random: inout SeededGenerator) {
        func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
        let region = pick(["a", "b"])
        let name = pick(["w", "w-01", "x", "default.w"])
        let block = "10.\(Int.random(in: 0...3, using: &random)).0.0/16"
        switch Int.random(in: 0...9, using: &random) {
        case 0: bench.put(Self.sets + "region." + region, Self.set([block], region))
        case 1: bench.delete(Self.sets + "region." + region)
        case 2:
            bench.put(Self.sets + "subnet.\(region).s", Self.set([block, "10.0.9.9/8"], region))
        case 3: bench.delete(Self.sets + "subnet.\(region).s")
        case 4:
            let peer = pick([#"{"region":"a"}"#, #"{"subnet":"a/s"}"#, #"{"region":"b"}"#])
            bench.accept(
                .put(
                    .policy("w"),
                    .json(
                        #"{"kind":"CrossRegionPolicy","metadata":{"name":"w"},"spec":{"allow":["#
                            + #"{"from":\#(peer),"to":{"region":"a"}},{"from":\#(peer),"to":{"region":"b"}}]}}"#
                    )))
        case 5: bench.put(Self.policies + name, #"{"metadata":{"name":"\#(name)"},"spec":{}}"#)
        case 6: bench.delete(Self.policies + name)
        case 7:
            bench.put(
                PlannerBench.root + "networkpolicies/openstack-region-a/" + name,
                pick(["{}", "damaged", #"{"spec":{"order":1}}"#]))
        case 8: bench.put(PlannerBench.root + "tiers/" + pick(["default", "t"]), "{}")
        default:
            var state = MirrorState()
            let all = bench.mirror.read { state in
                var all: [(String, MirrorEntry)] = []
                state.entries.forEach(from: "") { path, entry in
                    all.append((path, entry))
                    return true
                }
                return all
            }
            for (path, entry) in all where Bool.random(using: &random) {
                state.put(
                    KeyValue(
                        key: EtcdKey(path), value: entry.bytes, modRevision: entry.modRevision))
            }
            bench.mirror.replace(with: state, revision: bench.revision)
        }
    }

    private static func set(_ nets: [String], _ region: String) -> String {
        let nets = nets.map { "\"\($0)\"" }.joined(separator: ",")
        return
            #"{"metadata":{"labels":{"policyserver/region":"\#(region)"}},"spec":{"nets":[\#(nets)]}}"#
    }

    @Test("The list version stays the same while nothing in the list changes")
    func onlyWhen() {
        bench.accept(.region("a", blocks: ["10.0.0.0/8"]))
        bench.accept(.policy("w"))
        let before = Self.collections.map(version)
        bench.put(PlannerBench.root + "workloadendpoints/openstack-region-a/vm", "{}")
        bench.put(Keyspace.head.description, "{}")
        bench.put("/calico/ipam/v2/x", "{}")
        #expect(Self.collections.map(version) == before)
        bench.accept(.policy("x"))
        #expect(version(.regions) == before[0])
        #expect(version(.subnets(region: nil)) == before[1])
        #expect(version(.policies) > before[3])
    }
}
