package import Calico
package import Documents
import Domain
import Etcd

/// The write of one key in the transaction of a change.
package struct ObjectWrite: Sendable, Equatable {
    /// The path of the key in etcd.
    package var path: String
    /// The new value; nil deletes the key.
    package var bytes: [UInt8]?
    /// The mod_revision that the key must still have; 0 if the key must not exist.
    package var expectedRevision: Int64

    /// Creates the write of one key; nil for `bytes` deletes the key.
    package init(
        path: String, bytes: [UInt8]?, expectedRevision: Int64
    ) {
        self.path = path
        self.bytes = bytes
        self.expectedRevision = expectedRevision
    }

    var compare: Compare { .unchanged(EtcdKey(path), since: expectedRevision) }

    var verb: ChangeVerb {
        bytes == nil ? .delete : expectedRevision == 0 ? .create : .update
    }

    var operation: Etcd.Operation {
        bytes.map { .put(EtcdKey(path), $0) } ?? .delete(EtcdKey(path))
    }
}

/// A change that broke no rule, ready to be committed.
package struct PlannedWrite: Sendable {
    package var name: ObjectName
    package var verb: ChangeVerb
    /// The writes: first the write of the named object, then the writes of other objects that must exist.
    package var writes: [ObjectWrite]
    /// The keys that must exist for the plan to be valid, such as the policy's tier.
    package var required: [String] = []
    package var warnings: [Violation]
    /// The object before the change; nil if it did not exist.
    package var before: ObjectView?
    /// The object after the change; nil after a deletion.
    package var after: Resource?
    /// The changes to a manifest's objects, one part for each object; empty for a change that is not a manifest.
    /// `writes` contains the writes of all parts. The part of an unchanged object has no writes.
    package var parts: [PlannedWrite] = []
    /// The changes to CrossRegionPolicies that result from this change. `writes` includes their writes.
    package var followers: [PlannedWrite] = []
    /// The plan of the CrossRegionPolicy; nil for any other object.
    var crossRegion: PlannedCrossRegion?
    /// The pending change that the write creates or ends; nil for a write of objects.
    var pending: PendingChange?
    /// The second person who confirmed the change, or the break-glass override, in the form that the journal stores;
    /// nil if there was neither.
    var approval: JSONValue?

    /// The approximate number of bytes that the write takes in the transaction. The constant is an estimate for the
    /// journal entry. Each key counts twice, because it occurs in a comparison and in an operation.
    var size: Int {
        writes.reduce(1_024) { $0 + 2 * $1.path.utf8.count + ($1.bytes?.count ?? 0) }
    }

    /// The kind of the object after the change. For a deleted or unchanged object, the kind of the existing object.
    package var kind: String {
        if crossRegion != nil { return CrossRegionPolicy.kind }
        return after == nil ? name.kind(showing: before?.document) : name.kind
    }

    /// Returns the object after the change as clients see it at `revision`; nil after a deletion.
    package func view(revision: Int64) -> ObjectView? {
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
package enum Decision: Sendable {
    case write(PlannedWrite)
    /// The object already has the requested state.
    case unchanged(ObjectView, warnings: [Violation])
    case refused(Refusal)
}

extension Decision {
    /// Returns the same decision with `warnings` inserted before the decision's own warnings.
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

/// A decision and its read set. The request's task creates the draft. The writer's task then only has to check that the
/// draft is still valid.
package struct Draft: Sendable {
    package var decision: Decision
    /// The mirror's answers that the decision depends on.
    package var reads: ReadSet

    /// The write to commit; nil if nothing needs to be written.
    package var write: PlannedWrite? {
        guard case .write(let write) = decision, !write.writes.isEmpty else { return nil }
        return write
    }
}

extension Planner {
    /// Plans a change against the current state of the mirror.
    ///
    /// - Parameter deadline: The time when the client stops waiting for the plan. A long plan may stop then.
    package func draft(
        _ change: PreparedChange, _ request: ChangeRequest, _ mirror: Mirror,
        deadline: ContinuousClock.Instant
    ) -> Draft {
        let view = PlanningView(mirror, deadline: deadline)
        let decision = plan(change, request, view)
        return Draft(decision: decision, reads: view.log.reads)
    }
}

extension PreparedChange {
    /// True if the change can be planned quickly, regardless of the number of objects in etcd. The writer's task may
    /// then plan the change again if its draft is outdated. Any other change is planned again in the request's task,
    /// because slow planning in the writer's task would delay all other changes. Planning is slow, for example, if it
    /// reads all subnets of a region.
    package var isQuicklyPlanned: Bool {
        switch self {
        case .putPolicy, .putCrossRegion, .allocate, .delete(.policy), .delete(.regionPolicy): true
        case .putRegion, .putSubnet, .patch, .delete, .apply, .settle: false
        }
    }

    /// True if the change may be planned in the writer's task as a last resort. False for a manifest with more than 200
    /// documents or with `prune`, because its planning would delay all other changes for too long. Also false for a
    /// confirmation, because the confirmed change may be a large manifest.
    package var mayBePlannedByWriter: Bool {
        switch self {
        case .apply(let manifest): manifest.count <= 200 && manifest.prune == nil
        case .settle(let action, _): action != .confirm
        default: true
        }
    }
}
