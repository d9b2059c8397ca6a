import Calico
package import Documents
import Domain

/// What became of a change request that was answered.
package enum ChangeOutcome: Sendable {
    /// In etcd, shown by this server's reads, and audited on disk; or nothing needed to change.
    case applied(AppliedChange)
    /// The same of all objects of a stream.
    case appliedStream(AppliedStream)
    /// A dry run that would have been accepted.
    case planned(ChangePlan)
    case refused(Refusal)
}

/// A change that is done.
package struct AppliedChange: Sendable {
    package var changeID: ChangeID
    package var verb: ChangeVerb
    /// The object after the change; nil after a delete.
    package var object: ObjectView?
    package var name: ObjectName
    package var warnings: [Violation]
    /// True when an earlier request with the same Idempotency-Key did it.
    package var replayed: Bool
}

/// A stream that is applied.
package struct AppliedStream: Sendable {
    package struct Object: Sendable {
        package var verb: ChangeVerb
        package var kind: String
        package var name: String
        package var region: String?
    }

    package var changeID: ChangeID
    /// etcd mod_revision of every object that was written; nil when nothing needed to change.
    package var revision: Int64?
    package var objects: [Object]
    package var warnings: [Violation]
    /// True when an earlier request with the same Idempotency-Key did it.
    package var replayed: Bool
}

extension AppliedStream {
    init(_ id: ChangeID, _ write: PlannedWrite, revision: Int64?) {
        self.init(
            changeID: id, revision: revision,
            objects: write.parts.map {
                Object(verb: $0.verb, kind: $0.kind, name: $0.name.name, region: $0.name.region)
            },
            warnings: write.warnings, replayed: false)
    }

    /// As the ledger knows it. A CrossRegionPolicy is one object, in however many policies it is stored.
    init(_ id: ChangeID, _ rows: [AuditRecord], revision: Int64) {
        var objects: [Object] = []
        var sources: [String] = []
        for row in rows {
            if let source = row.resource.flatMap(CrossRegionAnnotation.sourceName(ofPart:)) {
                sources.append(source)
            } else {
                objects.append(
                    Object(
                        verb: ChangeVerb(row.verb), kind: row.kind, name: row.name,
                        region: row.region))
            }
        }
        // Where only further policies changed no row names the whole.
        for source in Set(sources).sorted()
        where !objects.contains(where: { $0.name == source && $0.kind.hasSuffix("Policy") }) {
            objects.append(
                Object(verb: .update, kind: CrossRegionPolicy.kind, name: source, region: nil))
        }
        self.init(
            changeID: id, revision: revision, objects: objects, warnings: [], replayed: true)
    }
}

extension AuditRecord {
    /// The resource after the change, or the one that it deleted; nil when the row is about none.
    var resource: Resource? {
        guard let text = entry.after ?? entry.before,
            let key = entry.key.flatMap({ ResourceKey(path: $0) })
        else {
            return nil
        }
        return Resource(key: key, bytes: Array(text.utf8))
    }
}

/// What a change does to one object.
package enum ChangeVerb: String, Sendable {
    case create, update, delete
    case unchanged = "none"

    /// As the ledger calls it; what is only observed counts as an update.
    init(_ verb: AuditRecord.Verb) {
        switch verb {
        case .create: self = .create
        case .delete: self = .delete
        case .update, .observe, .read: self = .update
        }
    }
}

/// What a dry run answers.
package struct ChangePlan: Sendable {
    package var changes: [PlannedChange]
    package var warnings: [Violation]
}

/// One object's part of a plan.
package struct PlannedChange: Sendable {
    package var verb: ChangeVerb
    package var name: ObjectName
    /// The etcd key that would be written.
    package var key: String
    /// Representations in the API before and after; nil where the object does not exist.
    package var before: JSONValue?
    package var after: JSONValue?
}

extension PlannedChange {
    /// What turns the one into the other, revisions aside; nil unless it is an update.
    package var diff: [JSONPatch.Operation]? {
        guard verb == .update, let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }

    /// The kind of the object after the change, or of the one that it deletes.
    package var kind: String { name.kind(showing: after ?? before) }
}

/// Why a change was refused. Nothing of it is in etcd.
package struct Refusal: Sendable {
    package enum Reason: CaseIterable, Sendable {
        /// The object, or the region in its path, does not exist.
        case notFound
        /// The document breaks rules: see `violations`.
        case invalid
        /// If-Match or If-None-Match does not hold: see `currentRevision`.
        case preconditionFailed
        /// The subnet or address block overlaps another: see `objects`.
        case overlap
        /// The object is still used: see `objects`.
        case inUse
        /// The legacy namespace holds data that Neutron would delete: see `objects` and `total`.
        case legacyLoss
        /// No free block of that size is left.
        case exhausted
        /// The Idempotency-Key was used for a different request.
        case idempotencyKeyReused
        /// The name belongs to another writer, such as Neutron's `ossg.` policies.
        case reserved
        /// An allocation names a subnet that exists already.
        case alreadyExists
        /// The change is larger than one etcd transaction or value may be.
        case tooLarge
        /// The object did not exist at the place that it shall be rolled back to.
        case rollbackAbsent
        /// etcd refuses the change for good, for a reason of its own.
        case refusedByEtcd
    }

    package var reason: Reason
    package var detail: String
    package var violations: ViolationList
    /// The objects this change collides with or that use it; bounded, `total` counts all.
    package var objects: [ObjectReference]
    package var total: Int
    /// The object's revision now, for a failed precondition; nil when it does not exist.
    package var currentRevision: Int64?

    package init(
        _ reason: Reason, _ detail: String, violations: ViolationList = [],
        objects: [ObjectReference] = [], total: Int? = nil, currentRevision: Int64? = nil
    ) {
        self.reason = reason
        self.detail = detail
        self.violations = violations
        self.objects = objects
        self.total = total ?? objects.count
        self.currentRevision = currentRevision
    }

    package init(
        _ reason: Reason, _ detail: String, violations: [Violation],
        objects: [ObjectReference] = [], total: Int? = nil, currentRevision: Int64? = nil
    ) {
        self.init(
            reason, detail, violations: ViolationList(violations), objects: objects, total: total,
            currentRevision: currentRevision)
    }

    /// The refusal of what breaks rules. The detail says the first of `violations`, after `lead` if that is given.
    package init(
        breaking violations: ViolationList, _ lead: String? = nil, reason: Reason = .invalid,
        objects: [ObjectReference] = [], total: Int? = nil
    ) {
        self.init(
            reason, (lead.map { $0 + ": " } ?? "") + violations.summary, violations: violations,
            objects: objects, total: total)
    }
}

/// Another object that an answer names.
package struct ObjectReference: Sendable, Equatable {
    package var kind: String
    package var name: String
    package var region: String?
    package var cidr: String?

    package init(kind: String, name: String, region: String? = nil, cidr: String? = nil) {
        self.kind = kind
        self.name = name
        self.region = region
        self.cidr = cidr
    }
}

/// Why a request could not be answered: nothing was refused, something is out of order.
package struct ControlPlaneError: Error, Sendable {
    package enum Code: CaseIterable, Sendable {
        /// The mirror is not complete yet (start, or after a gap).
        case notReady
        /// etcd does not answer; the change is certainly not in etcd.
        case etcdUnavailable
        /// The ledger cannot be written: the server is read-only.
        case ledgerUnavailable
        /// The change may or may not be in etcd; `GET /v1/changes/{id}` tells later.
        case outcomeUnknown
        /// It is in etcd, but this replica could not show and audit it within the deadline.
        case notYetVisible
        /// Too many writes wait.
        case overloaded
        /// The client left before anything was sent to etcd.
        case cancelled
        /// This replica has not reached the revision asked for.
        case replicaBehind
        /// etcd itself has not reached the revision asked for.
        case futureRevision
        /// The time asked for is still to come.
        case futureTime
    }

    package var code: Code
    package var message: String
    /// The change, when its outcome is unknown or not yet visible.
    package var changeID: ChangeID?

    package init(_ code: Code, _ message: String, changeID: ChangeID? = nil) {
        self.code = code
        self.message = message
        self.changeID = changeID
    }
}
