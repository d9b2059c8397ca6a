import Calico
import Documents
import Domain
import Etcd

/// One key of a transaction that carries a change.
struct ObjectWrite: Sendable, Equatable {
    var path: String
    /// Nil deletes the key.
    var bytes: [UInt8]?
    /// mod_revision the key must still have; 0 when it must not exist.
    var expectedRevision: Int64

    var compare: Compare { .unchanged(EtcdKey(path), since: expectedRevision) }

    var verb: ChangeVerb {
        bytes == nil ? .delete : expectedRevision == 0 ? .create : .update
    }

    var operation: Etcd.Operation {
        bytes.map { .put(EtcdKey(path), $0) } ?? .delete(EtcdKey(path))
    }
}

/// A change that broke no rule, ready to be committed.
struct PlannedWrite: Sendable {
    var name: ObjectName
    var verb: ChangeVerb
    /// The write of the named object first, then those of the objects that have to exist beside it.
    var writes: [ObjectWrite]
    /// Keys that must exist for the plan to hold, such as the policy's tier.
    var required: [String] = []
    var warnings: [Violation]
    var before: ObjectView?
    /// The object after the change; nil for a delete.
    var after: Resource?
    /// The changes of a manifest's objects; `writes` joins their writes. An object that stays as it is has a part
    /// without writes. Empty for the change of one object.
    var parts: [PlannedWrite] = []
    /// The changes of CrossRegionPolicies that follow from this one; `writes` has theirs too.
    var followers: [PlannedWrite] = []
    /// Set when the object is a CrossRegionPolicy.
    var crossRegion: PlannedCrossRegion?

    /// The approximate number of bytes that the write takes in the transaction.
    var size: Int {
        writes.reduce(1_024) { $0 + 2 * $1.path.utf8.count + ($1.bytes?.count ?? 0) }
    }

    /// The kind of the object after the change, or of the one that it deletes or leaves as it is.
    var kind: String {
        if crossRegion != nil { return CrossRegionPolicy.kind }
        return after == nil ? name.kind(showing: before?.document) : name.kind
    }

    func view(revision: Int64) -> ObjectView? {
        if let crossRegion {
            let parts = crossRegion.parts.map {
                CompiledPart(
                    resource: $0.resource, revision: $0.revision == 0 ? revision : $0.revision)
            }
            return Representation.crossRegion(name, crossRegion.source, parts, [])
        }
        return after.flatMap { Representation.view(name, $0, revision: revision) }
    }
}

/// The result of planning one request.
enum Decision: Sendable {
    case write(PlannedWrite)
    /// The object already has the requested state.
    case unchanged(ObjectView, warnings: [Violation])
    case refused(Refusal)
}

extension Decision {
    /// The same decision with `warnings` before its own.
    func adding(_ warnings: [Violation]) -> Decision {
        guard !warnings.isEmpty else { return self }
        switch self {
        case .write(var write):
            write.warnings = warnings + write.warnings
            return .write(write)
        case .unchanged(let object, let own): return .unchanged(object, warnings: warnings + own)
        case .refused: return self
        }
    }
}

/// A decision and the reads that it depends on. The task of the request makes it, so that the single writer only has
/// to check that it still holds.
struct Draft: Sendable {
    var decision: Decision
    var reads: ReadSet

    /// The write to commit; nil when nothing is to be written.
    var write: PlannedWrite? {
        guard case .write(let write) = decision, !write.writes.isEmpty else { return nil }
        return write
    }
}

extension Planner {
    /// Plans a change against the mirror as it is now.
    ///
    /// - Parameter deadline: the time at which nobody waits for the plan any more, so that a long one may stop.
    func draft(
        _ change: PreparedChange, _ request: ChangeRequest, _ mirror: Mirror,
        deadline: ContinuousClock.Instant
    ) -> Draft {
        let view = PlanningView(mirror, deadline: deadline)
        let decision = plan(change, request, view)
        return Draft(decision: decision, reads: view.log.reads)
    }
}

extension PreparedChange {
    /// True if planning the change looks at few objects, regardless of the number of objects in etcd. The writer may
    /// plan such a change again itself. Planning any other change looks at subnets of a region or at policies that
    /// name a subnet, or judges a stored document.
    var isQuicklyPlanned: Bool {
        switch self {
        case .putPolicy, .putCrossRegion, .allocate, .delete(.policy), .delete(.regionPolicy): true
        case .putRegion, .putSubnet, .patch, .delete, .apply: false
        }
    }

    /// True unless it is a manifest so long that the writer never plans it.
    var mayBePlannedByWriter: Bool {
        if case .apply(let stream) = self {
            stream.count <= 200 && stream.prune == nil
        } else {
            true
        }
    }
}
