import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Synchronization
import TestSupport
import Testing

/// Tests of concurrent writers that do not change `head`, such as calicoctl.
@Suite struct OutsideWriterTests {
    private static let west = EtcdKey(PlannerBench.root + "globalnetworksets/region.west")

    /// Changes that depend on region west but do not write it.
    private static let dependents: [ChangeOperation] = [
        .subnet("west", "vms", "10.0.0.0/24"),
        .allocateSubnet(region: "west", ["name": "vms", "prefixLength": 24]),
        .put(.regionPolicy(region: "west", name: "p"), .policy("p", kind: "NetworkPolicy")),
        .put(
            .policy("cross"),
            .json(
                #"{"kind":"CrossRegionPolicy","metadata":{"name":"cross"},"spec":{"order":1,"allow":["#
                    + #"{"from":{"region":"west"},"to":{"region":"west"},"protocol":"TCP","ports":[80]}]}}"#
            )
        ),
        .apply(
            Manifest([
                .json(#"{"kind":"Subnet","region":"west","name":"vms","cidr":"10.0.0.0/24"}"#)
            ]), prune: nil),
    ]

    @Test(
        "A change whose region another writer deletes before the transaction is refused, not applied",
        arguments: dependents.indices)
    func regionDeletedMeanwhile(index: Int) async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            try await controlPlane.submit(.region("west", blocks: ["10.0.0.0/16"]))
            try await controlPlane.submit(.policy("first"))
            let before = try await etcd.rangeAll(prefix: EtcdKey(PlannerBench.root), revision: 0)
            let isDone = Mutex(false)
            store.beforeWrites { transaction in
                guard transaction.isCommitted,
                    isDone.withLock({ isDone in
                        defer { isDone = true }
                        return !isDone
                    })
                else { return }
                try await etcd.delete(Self.west)
            }
            let refusal = try #require(
                try await controlPlane.submit(Self.dependents[index]).refusal)
            #expect([.notFound, .invalid].contains(refusal.reason))
            let after = try await etcd.rangeAll(prefix: EtcdKey(PlannerBench.root), revision: 0)
            #expect(after.keyValues.count == before.keyValues.count - 1)
        }
    }

    @Test("A refusal is not judged by a mirror whose watch hangs, and says so when the time is up")
    func hangingWatch() async throws {
        let configuration = ControlPlaneConfiguration(writeDeadline: .seconds(2))
        try await withInterceptedServer(configuration) { controlPlane, store, etcd in
            let dryRun = ChangeOptions(dryRun: true)
            let subnet = ChangeOperation.subnet("west", "vms", "10.0.0.0/24")
            #expect(try await controlPlane.submit(subnet).refusal?.reason == .notFound)
            store.watchGate.shut()
            let bench = PlannerBench()
            let region = try #require(bench.write(.region("west")))
            try await etcd.put(Self.west, region.writes.first?.bytes ?? [])
            for options in [ChangeOptions(), dryRun] {
                let error = await #expect(throws: ControlPlaneError.self) {
                    try await controlPlane.submit(subnet, options: options)
                }
                #expect(error?.code == .etcdUnavailable)
                #expect(error?.message.contains("watch of etcd is behind") == true)
            }
            store.watchGate.open()
            #expect(try await controlPlane.submit(subnet, options: dryRun).planned != nil)
            #expect(try await controlPlane.submit(subnet).applied != nil)
        }
    }

    @Test("Keys that another writer keeps changing hold up only the changes that touch them")
    func contestedKey() async throws {
        let configuration = ControlPlaneConfiguration(writeDeadline: .seconds(3))
        try await withInterceptedServer(configuration) { controlPlane, store, etcd in
            try await controlPlane.submit(.policy("contested"))
            let key = EtcdKey(PlannerBench.root + "globalnetworkpolicies/contested")
            let gate = Gate()
            gate.shut()
            store.beforeWrites { transaction in
                if transaction.isCommitted { await gate.pass() }
                guard transaction.isCommitted, transaction.writes(key),
                    let stored = try await etcd.get(key)
                else { return }
                try await etcd.put(key, stored.value)
            }
            let plug = Task { try await controlPlane.submit(.region("plug")) }
            try await eventually("the plug is held") { gate.held == 1 }
            let contestedIsOver = Flag()
            let contested = Task {
                defer { contestedIsOver.set() }
                return try await controlPlane.submit(.policy("contested", selector: "has(other)"))
            }
            try await eventually("it waits") { controlPlane.writer.waiting == 1 }
            let others = (0..<10).map { number in
                Task { try await controlPlane.submit(.policy("r\(number)")) }
            }
            try await eventually("all wait") { controlPlane.writer.waiting == 11 }
            gate.open()
            for other in [plug] + others { #expect(try await other.value.applied != nil) }
            // Only the contested change is left in the queue, and later changes overtake it.
            for number in 0..<5 {
                #expect(try await controlPlane.submit(.region("later\(number)")).applied != nil)
            }
            #expect(!contestedIsOver.isSet)
            let error = await #expect(throws: ControlPlaneError.self) { try await contested.value }
            #expect(error?.message.contains("other writers of etcd keep changing") == true)
            #expect(error?.message.contains("contested") == true)
        }
    }

    @Test("A dry run is refused when etcd would refuse the change, and applies nothing")
    func dryRunOfWhatIsTooLarge() async throws {
        try await withInterceptedServer { controlPlane, _, etcd in
            try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"]))
            let documents = (0..<200).map { number in
                JSONValue.json(
                    #"{"kind":"Subnet","region":"one","name":"s\#(number)","cidr":"10.0.\#(number).0/24"}"#
                )
            }
            let before = try await etcd.range(RangeRequest(.key(Keyspace.head))).header.revision
            for isDryRun in [true, false] {
                let outcome = try await controlPlane.submit(
                    .apply(Manifest(documents), prune: nil),
                    options: ChangeOptions(dryRun: isDryRun))
                #expect(outcome.refusal?.reason == .tooLarge)
                #expect(outcome.refusal?.detail.contains("--max-txn-ops") == true)
            }
            let few = try await controlPlane.submit(
                .apply(Manifest(Array(documents.prefix(100))), prune: nil),
                options: ChangeOptions(dryRun: true))
            #expect(few.planned?.changes.count == 100)
            let after = try await etcd.range(RangeRequest(.key(Keyspace.head))).header.revision
            #expect(before == after)
        }
    }

    @Test("A change that etcd does not take in time says what it waited for")
    func deadlineSaysWhy() async throws {
        let configuration = ControlPlaneConfiguration(writeDeadline: .milliseconds(700))
        try await withInterceptedServer(configuration) { controlPlane, store, _ in
            store.beforeWrites { _ in
                throw EtcdError(code: .noLeader, message: "the members have no leader")
            }
            let error = await #expect(throws: ControlPlaneError.self) {
                try await controlPlane.submit(.region("one"))
            }
            #expect(error?.code == .etcdUnavailable)
            #expect(error?.message.contains("was not applied") == true)
            #expect(error?.message.contains("the members have no leader") == true)
        }
    }
}

/// A flag that tasks can set and read.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }

    func set() { state.withLock { $0 = true } }
}
