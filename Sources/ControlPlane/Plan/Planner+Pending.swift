import Calico
import Crypto
import Documents
import Domain
import Synchronization

// A change that needs two persons is planned twice: once for its author, and once for the person who confirms the
// change. Both plans use the same time and the same ids, which come from the author's request. So both plans have the
// same digest, unless something that the change depends on was changed in between.
extension Planner {
    /// Returns the decision about the request. A change that needs a second person becomes the write of a pending
    /// change.
    package func plan(_ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView)
        -> Decision
    {
        if case .settle(let action, let id) = change { return settle(action, id, request, view) }
        let decision = planObjects(change, request, view)
        guard case .write(let write) = decision, !write.writes.isEmpty, !request.options.dryRun
        else { return decision }
        guard !twoPersons.kinds.isEmpty else { return decision }
        let objects = touched(by: write, view)
        guard objects.contains(where: { twoPersons.kinds.contains($0.kind) }) else {
            return decision
        }
        return request.isBreakGlass
            ? overridden(write, objects, request) : held(change, request, view)
    }

    /// Returns the objects that a plan writes, with the regions that each object touches before or after the change.
    private func touched(by write: PlannedWrite, _ view: PlanningView) -> [PendingChange.Object] {
        let parts = (write.parts.isEmpty ? [write] : write.parts) + write.followers
        return parts.filter { !$0.writes.isEmpty }.flatMap { part in
            // Lists the object under both kinds if a CrossRegionPolicy replaces a policy of the same name, or the
            // reverse.
            let kinds = Set([part.kind] + [part.before?.kind].compactMap { $0 })
            let reach = reach(of: part, view)
            return kinds.sorted().map {
                PendingChange.Object(
                    verb: part.verb, kind: $0, name: part.name.name, region: part.name.region,
                    reach: reach)
            }
        }
    }

    private func reach(of part: PlannedWrite, _ view: PlanningView) -> RegionSet {
        if let region = part.name.region, !part.name.isPolicy { return .some([region]) }
        var reach = part.before?.reach ?? .none
        if let after = part.view(revision: 0) { reach = reach.union(after.reach) }
        for write in part.writes where write.expectedRevision > 0 {
            guard let key = ResourceKey(path: write.path), key.kind.isPolicy else { continue }
            // Returns all regions if a stored value cannot be read, because the value may concern any region.
            guard let stored = view.resource(key)?.resource else { return .all }
            // `reach` already has the regions of the whole CrossRegionPolicy, from `before`. So for a compiled policy,
            // adds only the regions of its own rules.
            reach = reach.union(
                view.source(ofPart: stored) == nil && part.crossRegion == nil
                    ? stored.reach : PolicyReach.of(globalPolicy: stored.document))
        }
        return reach
    }

    /// Returns the write of a pending change in place of the planned writes.
    private func held(
        _ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        let now = environment.now()
        let decision = replaying(request.id, at: now).planObjects(change, request, view)
        guard case .write(let write) = decision else { return decision }
        let pending = PendingChange(
            id: request.id, requester: request.context, grants: request.scope.grants,
            credential: request.credential, requestedAt: now,
            expiresAt: Timestamp(
                microseconds: now.microseconds + twoPersons.lifetimeSeconds * 1_000_000),
            operation: request.operation, precondition: request.precondition,
            options: request.options, objects: touched(by: write, view), plan: write.digest,
            warnings: write.warnings.prefix(Self.journaledWarnings).map(\.document))
        var record = pending.record
        journal.seal(&record, pending: request.id)
        let bytes = JSONSerializer.bytes(.object(record))
        if let refusal = crowded(adding: bytes.count, request, view) { return .refused(refusal) }
        let path = Keyspace.pendingPath(request.id)
        guard view.entry(path) == nil else {
            return .refused(
                Refusal(
                    .idempotencyKeyReused,
                    "change \(request.id) already waits for a second person: confirm or withdraw it, or"
                        + " use a new Idempotency-Key"))
        }
        return .write(
            PlannedWrite(
                name: write.name, verb: .create,
                writes: [ObjectWrite(path: path, bytes: bytes, expectedRevision: 0)],
                warnings: write.warnings, pending: pending))
    }

    /// Returns the refusal if too many changes wait already; nil otherwise. Requests that arrive at the same moment may
    /// together exceed the limits by the size of a batch.
    private func crowded(
        adding bytes: Int, _ request: ChangeRequest, _ view: PlanningView
    ) -> Refusal? {
        let author = request.context.actor
        let (all, own) = view.mirror.read { ($0.waiting.total, $0.waiting.load(of: author)) }
        let problem: String
        if all.count >= TwoPersonRule.maximumWaiting {
            problem =
                "\(TwoPersonRule.maximumWaiting) changes wait for a second person: confirm, reject or withdraw"
                + " some first"
        } else if all.bytes + bytes > TwoPersonRule.maximumBytes {
            problem =
                "the changes that wait for a second person are together too large: confirm, reject or"
                + " withdraw some first"
        } else if own.count >= TwoPersonRule.maximumWaitingOfOne {
            problem =
                "\(own.count) changes of \(author) wait for a second person: have them confirmed, or withdraw"
                + " some first"
        } else if own.bytes + bytes > TwoPersonRule.maximumBytesOfOne {
            problem =
                "the changes of \(author) that wait for a second person are together too large: have them"
                + " confirmed, or withdraw some first"
        } else {
            return nil
        }
        // Adds the list of pending changes to the read set only for a refusal, because only a refusal depends on the
        // number of pending changes.
        _ = view.paths(prefix: Keyspace.pendingPrefix)
        return Refusal(.tooManyPending, problem)
    }

    /// Returns the planned write, marked as a break-glass override for the journal. Returns a refusal if the caller may
    /// not skip the second person.
    private func overridden(
        _ write: PlannedWrite, _ objects: [PendingChange.Object], _ request: ChangeRequest
    ) -> Decision {
        guard request.scope.allows(.breakGlass, objects) else {
            return .refused(
                Refusal(
                    .forbidden,
                    "no role of \(request.context.actor) allows break-glass in all regions that the change"
                        + " touches: send the request without X-Break-Glass, and have it confirmed")
            )
        }
        var write = write
        write.approval = ["breakGlass": true, "plan": .string(write.digest)]
        write.warnings.append(
            Violation(
                pointer: "", rule: .twoPersonOverridden,
                message: "the change was applied without a second person, and this is an alarm"))
        return .write(write)
    }

    /// Returns a planner with a fixed time and with ids that are derived from the change's id. The planner makes the
    /// same plan at every call, as long as the state is the same.
    private func replaying(_ id: ChangeID, at time: Timestamp) -> Planner {
        let counter = Mutex(0)
        var planner = self
        planner.environment = PlanningEnvironment(now: { time }) {
            let number = counter.withLock { counter in
                counter += 1
                return counter
            }
            let digest = SHA256.hash(data: Array("\(id.text) \(number)".utf8))
            return RandomUUID.text(Array(digest))
        }
        return planner
    }
}

extension Planner {
    /// Returns the decision about `action` on the pending change `id`.
    func settle(
        _ action: PendingAction, _ id: ChangeID, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        let path = Keyspace.pendingPath(id)
        guard let entry = view.entry(path),
            let pending = PendingChange(id, bytes: entry.bytes, journal),
            request.scope.sees(pending, as: request.context.actor)
        else { return .refused(Refusal(.notFound, "no change \(id) waits for a second person")) }
        let end = ObjectWrite(path: path, bytes: nil, expectedRevision: entry.modRevision)
        let isExpired = pending.isExpired(at: environment.now())
        switch action {
        case .expire where isExpired: break
        case .expire: return .refused(Refusal(.pendingStale, "change \(id) has not expired"))
        case .withdraw:
            guard pending.requester.actor == request.context.actor else {
                return .refused(
                    Refusal(
                        .forbidden,
                        "only \(pending.requester.actor) can withdraw this change: reject it instead"
                    ))
            }
        case .confirm, .reject:
            if let refusal = notSecond(pending, request) { return .refused(refusal) }
            if action == .reject { break }
            guard !isExpired else {
                return .refused(
                    Refusal(
                        .pendingExpired,
                        "the change expired at \(pending.expiresAt.rfc3339Seconds) and can no longer be"
                            + " confirmed: ask its author to request it again"))
            }
            return confirmed(pending, end, request, view)
        }
        return .write(
            PlannedWrite(
                name: .policy(""), verb: .delete, writes: [end], warnings: [], pending: pending))
    }

    /// Returns the refusal if the caller cannot be the second person for the change; nil if the caller can.
    private func notSecond(_ pending: PendingChange, _ request: ChangeRequest) -> Refusal? {
        guard !pending.isRequest(of: request.context.actor, request.credential) else {
            return Refusal(
                .ownRequest,
                "\(pending.requester.actor) requested this change, so a different person must confirm or"
                    + " reject it; the author can withdraw it with DELETE /v1/pending/\(pending.id)"
            )
        }
        return request.scope.allows(.approve, pending.objects)
            ? nil : notApprover(request)
    }

    private func notApprover(_ request: ChangeRequest) -> Refusal {
        Refusal(
            .forbidden,
            "no role of \(request.context.actor) allows confirming or rejecting changes in all regions that"
                + " this change touches")
    }

    /// Plans the pending change again on the current state. If the plan is still the same, returns its writes and the
    /// deletion of the pending change. Otherwise returns a refusal.
    private func confirmed(
        _ pending: PendingChange, _ end: ObjectWrite, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        guard case .write(var write) = repeated(pending, view), write.digest == pending.plan else {
            return .refused(
                Refusal(
                    .pendingStale,
                    "the objects that the change depends on have changed since "
                        + "\(pending.requestedAt.rfc3339Seconds), so the change would no longer do what was"
                        + " requested. Nothing was applied: ask the author to request the change again"
                ))
        }
        guard request.scope.allows(.approve, touched(by: write, view)) else {
            return .refused(notApprover(request))
        }
        var approval = JSONObject()
        approval["pending"] = .string(pending.id.text)
        approval["plan"] = .string(pending.plan)
        approval["requestedBy"] = .string(pending.requester.actor)
        approval["requestedAt"] = .string(pending.requestedAt.rfc3339)
        approval["requestReason"] = pending.requester.reason.map(JSONValue.string)
        approval["requestTicket"] = pending.requester.ticket.map(JSONValue.string)
        approval["confirmedBy"] = .string(request.context.actor)
        approval["confirmReason"] = request.context.reason.map(JSONValue.string)
        write.approval = .object(approval)
        write.writes.append(end)
        return .write(write)
    }

    /// Plans the pending change again, with the rights, the time and the ids of its request.
    func repeated(_ pending: PendingChange, _ view: PlanningView) -> Decision {
        let request = ChangeRequest(
            id: pending.id, context: pending.requester, scope: AccessScope(pending.grants),
            operation: pending.operation, precondition: pending.precondition,
            options: pending.options)
        let change = PreparedChange(
            pending.operation, regions: view.mirror.read { $0.regions })
        return replaying(pending.id, at: pending.requestedAt).planObjects(change, request, view)
    }
}

extension RuleID {
    /// Warns that one person made a change that needs two persons.
    static let twoPersonOverridden = RuleID("two-person.overridden")
}
