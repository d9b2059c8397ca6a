package import Documents

/// The reason why a change was refused. No part of the change is in etcd.
package struct Refusal: Sendable {
    package enum Reason: CaseIterable, Sendable {
        /// The object, or the region in its path, does not exist.
        case notFound
        /// The document breaks rules. See `violations`.
        case invalid
        /// If-Match or If-None-Match does not hold. See `currentRevision`.
        case preconditionFailed
        /// The subnet or address block overlaps another subnet or address block. See `objects`.
        case overlap
        /// The object is still in use. See `objects`.
        case inUse
        /// The legacy namespace holds data that Neutron would delete. See `objects` and `total`.
        case legacyLoss
        /// No free block of the requested size is left.
        case exhausted
        /// The Idempotency-Key was used for a different request.
        case idempotencyKeyReused
        /// The name is reserved for another writer. For example, names that begin with `ossg.` are reserved for
        /// Neutron.
        case reserved
        /// The allocation names a subnet that already exists.
        case alreadyExists
        /// The change exceeds the size limit of an etcd transaction or value.
        case tooLarge
        /// The object did not exist at the position of the requested rollback.
        case rollbackAbsent
        /// etcd refuses the change permanently.
        case refusedByEtcd
        /// The caller lacks the right to change the object, before or after the change.
        case forbidden
        /// The present plan of the pending change differs from the plan that was requested.
        case pendingStale
        /// The pending change has expired, so it cannot be confirmed.
        case pendingExpired
        /// The caller is the author of the pending change, and so cannot be its second person.
        case ownRequest
        /// Too many changes wait for a second person.
        case tooManyPending
    }

    package var reason: Reason
    package var detail: String
    package var violations: ViolationList
    /// The objects that the changed object would overlap, or that still use the object to be deleted. The list is
    /// bounded; `total` counts all objects.
    package var objects: [ObjectReference]
    package var total: Int
    /// The object's current revision, for a failed precondition; nil if the object does not exist.
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

    /// Creates a refusal because of broken rules. The detail is `lead`, if given, and a description of the first of
    /// `violations`.
    package init(
        breaking violations: ViolationList, _ lead: String? = nil, reason: Reason = .invalid,
        objects: [ObjectReference] = [], total: Int? = nil
    ) {
        self.init(
            reason, (lead.map { $0 + ": " } ?? "") + violations.summary, violations: violations,
            objects: objects, total: total)
    }
}
