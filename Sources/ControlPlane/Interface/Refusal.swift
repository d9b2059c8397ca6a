package import Documents

/// The reason why a change was refused. None of it is in etcd.
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
        /// etcd itself refuses the change, and always will.
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
