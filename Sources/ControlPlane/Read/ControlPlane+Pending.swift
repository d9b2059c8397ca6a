import Documents
package import Domain
import Synchronization

/// Selects the pending changes that a list shows.
package struct PendingQuery: Sendable {
    /// The author of each change; nil for all authors.
    package var author: String?
    /// A region that each change touches; nil for no such condition.
    package var region: String?
    /// The id after which the page begins; nil to begin at the start.
    package var after: ChangeID?
    /// The maximum number of changes in a page, 1...1000.
    package var limit: Int

    package init(
        author: String? = nil, region: String? = nil, after: ChangeID? = nil, limit: Int = 100
    ) {
        self.author = author
        self.region = region
        self.after = after
        self.limit = limit
    }

    /// The number of bytes of stored values at which a page ends, because a value may have more than a megabyte. A
    /// value is never split, so the last value of a page may exceed the limit.
    static let maximumBytes = 2 << 20
}

/// One page of pending changes, in the order of their ids.
package struct PendingPage: Sendable {
    package var items: [PendingChange] = []
    /// The id after which the next page begins; nil on the last page.
    package var next: ChangeID?
}

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
    /// Returns a page of the pending changes that the caller may see. Reads only the values of this page. Does not plan
    /// the changes again, because there may be many.
    package func pendingChanges(
        _ query: PendingQuery, for scope: AccessScope, _ actor: String
    ) -> PendingPage {
        let (waiting, entries) = mirror.read { ($0.waiting.changes, $0.entries) }
        var page = PendingPage()
        var bytes = 0
        waiting.forEach(
            prefix: Keyspace.pendingPrefix, after: query.after.map(Keyspace.pendingPath)
        ) { path, change in
            guard let facts = change.facts, scope.sees(facts, as: actor),
                query.author.map({ $0 == facts.author }) ?? true,
                query.region.map(facts.touches) ?? true
            else { return true }
            guard page.items.count < query.limit, bytes < PendingQuery.maximumBytes else {
                page.next = page.items.last?.id
                return false
            }
            bytes += change.bytes
            if let entry = entries[path],
                let pending = PendingChange(
                    change.id, bytes: entry.bytes, writer.planner.journal)
            {
                page.items.append(pending)
            }
            return true
        }
        return page
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
    package var pendingCount: Int { mirror.read { $0.waiting.total.count } }

    /// Removes the pending changes that have expired. All servers call this method, so another server may have removed
    /// a change already.
    package func removeExpired(now: Timestamp = SystemClock.now()) async {
        for id in mirror.read({ $0.waiting }).expired(at: now) {
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
