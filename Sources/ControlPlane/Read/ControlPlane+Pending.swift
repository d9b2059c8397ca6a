import Documents
package import Domain
import Synchronization

/// A pending change, as its readers see it.
package struct PendingView: Sendable {
    package var pending: PendingChange
    package var isExpired: Bool
    /// The plan that a confirmation would apply now; nil if the plan on the current state differs from the requested
    /// plan.
    package var plan: ChangePlan?
}

extension AccessScope {
    /// Returns true if the caller may see the object as it is before and as it is after the change.
    fileprivate func sees(_ change: PlannedChange) -> Bool {
        readsEverything
            || [change.before, change.after].compactMap { $0 }.allSatisfy {
                allows(
                    .readObjects, kind: change.name.kind(showing: $0),
                    touching: change.name.reach(showing: $0))
            }
    }
}

extension ControlPlane {
    /// Returns the pending changes that the caller may see, in the order of their ids. Does not plan the changes again,
    /// because there may be many.
    package func pendingChanges(for scope: AccessScope, _ actor: String) -> [PendingChange] {
        mirror.pendingEntries().compactMap { id, entry in
            PendingChange(id, bytes: entry.bytes, writer.planner.journal)
        }.filter { scope.sees($0, as: actor) }
    }

    /// Returns the pending change `id` and its plan on the current state; nil if there is none that the caller may see.
    package func pendingChange(
        _ id: ChangeID, for scope: AccessScope, _ actor: String
    ) -> PendingView? {
        let view = PlanningView(mirror)
        guard let entry = view.entry(Keyspace.pendingPath(id)),
            let pending = PendingChange(id, bytes: entry.bytes, writer.planner.journal),
            scope.sees(pending, as: actor)
        else { return nil }
        var shown = PendingView(
            pending: pending, isExpired: pending.isExpired(at: SystemClock.now()))
        if case .write(let write) = writer.planner.repeated(pending, view),
            write.digest == pending.plan
        {
            shown.plan = plan(write)
            shown.plan?.changes.removeAll { !scope.sees($0) }
        }
        return shown
    }

    /// The number of changes that needed a second person and that this server applied without one.
    package var overrideCount: Int { overrides.load(ordering: .relaxed) }

    /// The number of changes that wait for a second person.
    package var pendingCount: Int { mirror.pendingEntries().count }

    /// Removes the pending changes that have expired. All servers call this method, and whichever server is first
    /// removes a change.
    package func removeExpired(now: Timestamp = SystemClock.now()) async {
        for (id, entry) in mirror.pendingEntries() {
            guard let pending = PendingChange(id, bytes: entry.bytes, writer.planner.journal),
                pending.isExpired(at: now)
            else { continue }
            let request = ChangeRequest(
                id: .derived(
                    principal: AuditRecord.Draft.ownActor, idempotencyKey: "expire \(id)"),
                context: ChangeContext(
                    actor: AuditRecord.Draft.ownActor, clientAddress: nil, requestID: id.text,
                    reason: "nobody confirmed the change in time"),
                scope: .unlimited, operation: .settle(.expire, id))
            // Ignores the answer. After a failure, the next call tries again. If another server has already ended the
            // change, there is nothing left to do.
            _ = await decide(
                request, .settle(.expire, id), deadline: .now + configuration.writeDeadline)
        }
    }
}
