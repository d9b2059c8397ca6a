import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Synchronization
import TestSupport
import Testing

/// Tests of changes that wait together and may go into one transaction.
@Suite struct BatchTests {
    /// Every kind of change of five objects: a region, its subnet, its policy, a global policy, and a CrossRegionPolicy
    /// that names the subnet. All their names end with `id`.
    private static func operations(_ id: Int) -> [ChangeOperation] {
        let (region, block) = ("r\(id)", "10.\(id / 200).\(id % 200).0/24")
        let cidr = "10.\(id / 200).\(id % 200).0/26"
        let subnet = ObjectName.subnet(region: region, name: "s")
        let regional = ObjectName.regionPolicy(region: region, name: "p")
        let policy = ObjectName.policy("p\(id)")
        let cross = ObjectName.policy("c\(id)")
        let group = "85cc3048-abc3-43cc-89b3-377341426ac5"
        let crossDocument = JSONValue.json(
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"c\#(id)"},"spec":{"order":500,"allow":["#
                + #"{"from":{"subnet":"\#(region)/s"},"to":{"region":"\#(region)"},"protocol":"TCP","ports":[80]},"#
                + #"{"from":{"region":"\#(region)"},"to":{"region":"\#(region)","securityGroup":"\#(group)"},"protocol":"TCP","ports":[81]}]}}"#
        )
        let documents: [JSONValue] = [
            [
                "kind": "Region", "name": .string(region),
                "addressBlocks": .array([.string(block)]),
            ],
            [
                "kind": "Subnet", "region": .string(region), "name": "t",
                "cidr": .string("10.\(id / 200).\(id % 200).128/26"),
                "labels": ["by": .string("ci\(id)")],
            ],
        ]
        let prune = try? Selector(parsing: "by == 'ci\(id)'")
        return [
            .put(.region(region), ["addressBlocks": .array([.string(block)])]),
            .put(
                .region(region),
                ["addressBlocks": .array([.string(block)]), "displayName": "again"]),
            .patch(.region(region), ["displayName": "patched"]),
            .delete(.region(region)),
            .put(subnet, ["cidr": .string(cidr), "labels": ["by": .string("ci\(id)")]]),
            .patch(subnet, ["description": "patched"]),
            .delete(subnet),
            .allocateSubnet(region: region, ["name": "s", "prefixLength": 26]),
            .allocateSubnet(region: region, ["name": "u", "prefixLength": 25]),
            .put(regional, .policy("p", kind: "NetworkPolicy")),
            .delete(regional),
            .put(policy, .policy("p\(id)")),
            .patch(policy, ["spec": ["order": 7]]),
            .delete(policy),
            .put(cross, crossDocument),
            .delete(cross),
            .put(cross, .policy("c\(id)")),
            .apply(Manifest(documents), prune: nil),
            .apply(Manifest([documents[0]]), prune: prune),
        ]
    }

    /// The changes that create all five objects before a pair of changes is tested on them.
    private static func prepare(_ id: Int) -> [ChangeOperation] {
        let all = operations(id)
        return [all[0], all[4], all[9], all[11], all[14]]
    }

    @Test(
        "Any two changes that meet in one batch come out as in one order or the other, and a bystander is served",
        arguments: [false, true])
    func pairs(exists: Bool) async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            try await controlPlane.submit(.policy("first"))
            let count = Self.operations(0).count
            var id = 0
            for first in 0..<count {
                for second in 0..<count {
                    id += 1
                    if exists {
                        for operation in Self.prepare(id) {
                            let outcome = try await controlPlane.submit(operation)
                            #expect(outcome.applied != nil, "\(outcome.refusal?.detail ?? "")")
                        }
                    }
                    try await Self.check(
                        Self.operations(id)[first], Self.operations(id)[second], id,
                        controlPlane, store, etcd, exists: exists)
                }
            }
        }
    }

    private static func check(
        _ first: ChangeOperation, _ second: ChangeOperation, _ id: Int,
        _ controlPlane: ControlPlane, _ store: InterceptedStore, _ etcd: EtcdClient, exists: Bool
    ) async throws {
        let outcomes = try await inOneBatch(
            [first, second, .policy("bystander\(id)")], controlPlane, store)
        let label =
            "\(first.verb) \(first.name.map(String.init(describing:)) ?? "manifest"), "
            + "\(second.verb) \(second.name.map(String.init(describing:)) ?? "manifest")"
        #expect(outcomes[2].applied != nil, "the bystander of \(label)")
        let found = try await state(etcd, id)
        let words = outcomes.prefix(2).map(\.word)
        let expected = [[first, second], [second, first]].map { order -> Expectation in
            let bench = PlannerBench()
            bench.accept(.policy("first"))
            if exists { for operation in prepare(id) { bench.accept(operation) } }
            let words = order.map { bench.carryOut($0) }
            return Expectation(state: bench.state(id), words: words)
        }
        let candidates = [
            Expectation(state: expected[0].state, words: expected[0].words),
            Expectation(state: expected[1].state, words: expected[1].words.reversed()),
        ]
        #expect(
            candidates.contains(Expectation(state: found, words: Array(words))),
            "\(label): \(words) \(found.keys.sorted()), expected \(candidates.map(\.words))")
    }

    private struct Expectation: Equatable {
        /// The stored documents by key, without uids and times.
        var state: [String: JSONValue]
        var words: [String]
    }

    /// Holds back a first change while the others are submitted, so that the writer finds them all in its queue and
    /// takes them at once.
    private static func inOneBatch(
        _ operations: [ChangeOperation], _ controlPlane: ControlPlane, _ store: InterceptedStore
    ) async throws -> [ChangeOutcome] {
        let gate = Gate()
        gate.shut()
        store.beforeWrites { transaction in
            if transaction.isCommitted { await gate.pass() }
        }
        let selector = "has(x\(UInt32.random(in: 0 ... .max)))"
        async let plug = controlPlane.submit(.policy("plug", selector: selector))
        try await eventually("the plug is held") { gate.held == 1 }
        let outcomes = try await withThrowingTaskGroup(of: (Int, ChangeOutcome).self) { group in
            for (index, operation) in operations.enumerated() {
                group.addTask { (index, try await controlPlane.submit(operation)) }
            }
            // Some changes may never wait: a change that the present state already refuses does not reach the queue.
            try? await eventually("the changes wait", timeout: .milliseconds(30)) {
                controlPlane.writer.waiting == operations.count
            }
            gate.open()
            store.beforeWrites(nil)
            return try await group.reduce(into: []) { $0.append($1) }
                .sorted { $0.0 < $1.0 }.map(\.1)
        }
        _ = try await plug
        return outcomes
    }

    private static func state(_ etcd: EtcdClient, _ id: Int) async throws -> [String: JSONValue] {
        let all = try await etcd.rangeAll(prefix: EtcdKey(PlannerBench.root), revision: 0)
        var state: [String: JSONValue] = [:]
        for stored in all.keyValues {
            let path = stored.key.description
            guard path.belongs(to: id), let document = try? JSONParser.parse(stored.value) else {
                continue
            }
            state[path] = document.withoutIdentity
        }
        return state
    }

    @Test(
        "A change that etcd refuses for good is told so, and the others of its batch are served",
        arguments: [EtcdError.Code.invalidArgument, .permissionDenied, .requestTooLarge])
    func poisoned(code: EtcdError.Code) async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"]))
            let bad = EtcdKey(PlannerBench.root + "globalnetworksets/subnet.one.bad")
            let gate = Gate()
            gate.shut()
            store.beforeWrites { transaction in
                if transaction.isCommitted { await gate.pass() }
                guard transaction.writes(bad) else { return }
                throw EtcdError(code: code, message: "etcdserver: refused by the test")
            }
            async let plug = controlPlane.submit(.region("plug"))
            try await eventually("the plug is held") { gate.held == 1 }
            let names = (0..<20).map { $0 == 7 ? "bad" : "s\($0)" }
            let outcomes = try await withThrowingTaskGroup(
                of: (String, Result<ChangeOutcome, any Error>).self
            ) { group in
                for (number, name) in names.enumerated() {
                    let subnet = ChangeOperation.subnet("one", name, "10.\(number).0.0/16")
                    group.addTask {
                        do {
                            return (name, .success(try await controlPlane.submit(subnet)))
                        } catch {
                            return (name, .failure(error))
                        }
                    }
                }
                try await eventually("all wait") { controlPlane.writer.waiting == names.count }
                gate.open()
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            _ = try await plug
            for name in names where name != "bad" {
                #expect(try outcomes[name]?.get().applied != nil)
            }
            switch try #require(outcomes["bad"]) {
            case .success(let outcome):
                let wanted: Refusal.Reason = code == .requestTooLarge ? .tooLarge : .refusedByEtcd
                #expect(outcome.refusal?.reason == wanted)
                #expect(outcome.refusal?.detail.contains("refused by the test") == true)
            case .failure(let error):
                #expect(code == .permissionDenied)
                #expect((error as? ControlPlaneError)?.message.contains("permission") == true)
            }
            #expect(try await etcd.get(bad) == nil)
        }
    }

    @Test("A change whose time runs out while the writer waits leaves nothing in the others' plans")
    func expired() async throws {
        let configuration = ControlPlaneConfiguration(writeDeadline: .milliseconds(800))
        try await withInterceptedServer(configuration) { controlPlane, store, etcd in
            let gate = Gate()
            gate.shut()
            store.beforeLease { await gate.pass() }
            // The first policy also creates the tiers and the ClusterInformation.
            let first = Task { try await controlPlane.submit(.policy("first")) }
            try await eventually("the first waits for its lease") { gate.held == 1 }
            let region = Task { try await controlPlane.submit(.region("west")) }
            let error = await #expect(throws: ControlPlaneError.self) { _ = try await first.value }
            #expect(error?.message.contains("was not applied") == true)
            _ = await #expect(throws: ControlPlaneError.self) { _ = try await region.value }
            async let second = controlPlane.submit(.policy("second"))
            async let subnet = controlPlane.submit(.subnet("west", "vms", "10.0.0.0/24"))
            store.beforeLease(nil)
            gate.open()
            #expect(try await second.applied != nil)
            #expect(try await subnet.refusal?.reason == .notFound)
            let root = PlannerBench.root
            for key in ["tiers/default", "clusterinformations/default"] {
                #expect(try await etcd.get(EtcdKey(root + key)) != nil, "\(key)")
            }
            #expect(try await etcd.get(EtcdKey(root + "globalnetworkpolicies/first")) == nil)
            #expect(try await etcd.get(EtcdKey(root + "globalnetworksets/region.west")) == nil)
        }
    }

    @Test("A change whose client leaves while it waits is not applied, and holds nobody up")
    func cancelled() async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            let gate = Gate()
            gate.shut()
            store.beforeWrites { _ in await gate.pass() }
            async let plug = controlPlane.submit(.region("plug"))
            try await eventually("the plug is held") { gate.held == 1 }
            let leaving = Task { try await controlPlane.submit(.region("gone")) }
            try await eventually("it waits") { controlPlane.writer.waiting == 1 }
            leaving.cancel()
            let error = await #expect(throws: ControlPlaneError.self) {
                _ = try await leaving.value
            }
            #expect(error?.code == .cancelled)
            gate.open()
            #expect(try await plug.applied != nil)
            #expect(try await controlPlane.submit(.region("last")).applied != nil)
            let gone = EtcdKey(PlannerBench.root + "globalnetworksets/region.gone")
            #expect(try await etcd.get(gone) == nil)
        }
    }
}

/// Runs `body` with a control plane and the store through which the test can hold or fail its calls to etcd.
func withInterceptedServer(
    _ configuration: ControlPlaneConfiguration = ControlPlaneConfiguration(),
    _ body: @Sendable (ControlPlane, InterceptedStore, EtcdClient) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory()
    try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
        try await withStore(etcd) { client in
            let store = InterceptedStore(client)
            try await withControlPlane(
                store, ledger: directory.file("audit.sqlite"), configuration
            ) { controlPlane, _ in try await body(controlPlane, store, client) }
        }
    }
}

extension ChangeOutcome {
    /// The outcome as a word.
    var word: String {
        switch self {
        case .applied(let change): change.verb == .unchanged ? "unchanged" : "applied"
        case .appliedManifest: "applied"
        case .planned: "planned"
        case .held: "held"
        case .ended: "ended"
        case .refused(let refusal): "\(refusal.reason)"
        }
    }
}

extension PlannerBench {
    /// Decides the operation and applies its writes to the mirror. Returns the result in one word.
    func carryOut(_ operation: ChangeOperation) -> String {
        switch decide(operation) {
        case .write(let write):
            accept(operation)
            return write.writes.isEmpty && write.parts.isEmpty ? "unchanged" : "applied"
        case .unchanged: return "unchanged"
        case .refused(let refusal): return "\(refusal.reason)"
        }
    }

    /// The stored documents of the objects that belong to `id`, by key, without uids and times.
    func state(_ id: Int) -> [String: JSONValue] {
        mirror.read { state in
            var found: [String: JSONValue] = [:]
            state.entries.forEach(from: "") { path, entry in
                if path.belongs(to: id), let document = try? JSONParser.parse(entry.bytes) {
                    found[path] = document.withoutIdentity
                }
                return true
            }
            return found
        }
    }
}

extension String {
    /// True if the key belongs to an object with a name or a region that ends with the number.
    fileprivate func belongs(to id: Int) -> Bool {
        split(whereSeparator: { "/.".contains($0) }).contains { part in
            part == "r\(id)" || part == "p\(id)" || part == "c\(id)" || part.hasPrefix("c\(id)-")
                || part == "openstack-region-r\(id)"
        }
    }
}

extension JSONValue {
    fileprivate var withoutIdentity: JSONValue {
        guard var object = objectValue, var metadata = object["metadata"]?.objectValue else {
            return self
        }
        metadata["uid"] = nil
        metadata["creationTimestamp"] = nil
        object["metadata"] = .object(metadata)
        return .object(object)
    }
}
