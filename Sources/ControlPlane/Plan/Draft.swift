/// A decision, and what it was judged by. Made in the task of the request, so that the one writer only
/// has to check that it still holds.
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
    /// - Parameter deadline: when planning a long stream may stop, since nobody waits for it any more.
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
    /// True for a change whose planning looks at few objects, whatever etcd holds: the writer may plan it
    /// anew itself. The others look at subnets of a region, at policies that name a subnet, or judge a
    /// stored document.
    var isQuicklyPlanned: Bool {
        switch self {
        case .putPolicy, .putCrossRegion, .allocate, .delete(.policy), .delete(.regionPolicy): true
        case .putRegion, .putSubnet, .patch, .delete, .apply: false
        }
    }

    /// True unless it is a stream so long that the writer never plans it.
    var mayBePlannedByWriter: Bool {
        if case .apply(let stream) = self {
            stream.count <= 200 && stream.prune == nil
        } else {
            true
        }
    }
}
