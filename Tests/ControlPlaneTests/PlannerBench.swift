import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Synchronization

/// A planner with a mirror that a test fills. It uses no etcd, and neither the clock nor random numbers.
final class PlannerBench {
    let mirror: Mirror
    let planner: Planner
    private(set) var revision: Int64 = 100
    /// The rights of the caller.
    var scope = AccessScope.unlimited

    init(policyNames: PolicyNameConvention = .auto, mirror: Mirror = Mirror()) {
        self.mirror = mirror
        planner = Planner(
            policyNames: policyNames,
            environment: PlanningEnvironment(
                now: { Timestamp(microseconds: 1_795_000_000_000_000) },
                uuid: { "6f1c1a36-0f4b-4c6e-9a52-1d4f3f0c7b11" }))
    }

    /// Returns the planner's decision on the present state. Changes nothing.
    func decide(
        _ operation: ChangeOperation, precondition: Precondition = .none,
        options: ChangeOptions = ChangeOptions()
    ) -> Decision {
        planner.plan(
            PreparedChange(operation, regions: mirror.read { $0.regions }),
            .sample(
                operation, precondition: precondition, options: options, scope: scope),
            PlanningView(mirror))
    }

    func refusal(
        _ operation: ChangeOperation, precondition: Precondition = .none,
        options: ChangeOptions = ChangeOptions()
    ) -> Refusal? {
        let decision = decide(operation, precondition: precondition, options: options)
        if case .refused(let refusal) = decision { return refusal }
        return nil
    }

    func write(
        _ operation: ChangeOperation, precondition: Precondition = .none,
        options: ChangeOptions = ChangeOptions()
    ) -> PlannedWrite? {
        let decision = decide(operation, precondition: precondition, options: options)
        if case .write(let write) = decision { return write }
        return nil
    }

    /// Plans the operation and applies its writes to the mirror. Returns nil if the decision is not a write.
    @discardableResult
    func accept(
        _ operation: ChangeOperation, options: ChangeOptions = ChangeOptions()
    ) -> PlannedWrite? {
        guard let write = write(operation, options: options) else { return nil }
        revision += 1
        let events = write.writes.map { write in
            event(write.path, write.bytes)
        }
        _ = mirror.apply(RevisionChanges(revision: revision, events: events))
        return write
    }

    /// Applies a write of one key by another writer.
    func put(_ path: String, _ text: String) {
        revision += 1
        _ = mirror.apply(RevisionChanges(revision: revision, events: [event(path, text.bytes)]))
    }

    func delete(_ path: String) {
        revision += 1
        _ = mirror.apply(RevisionChanges(revision: revision, events: [event(path, nil)]))
    }

    private func event(_ path: String, _ bytes: [UInt8]?) -> WatchEvent {
        WatchEvent(
            kind: bytes == nil ? .delete : .put,
            keyValue: KeyValue(key: EtcdKey(path), value: bytes ?? [], modRevision: revision))
    }

    static let root = "/calico/resources/v3/projectcalico.org/"
}

extension Refusal {
    var rules: [String] { violations.map(\.rule.name) }
}
