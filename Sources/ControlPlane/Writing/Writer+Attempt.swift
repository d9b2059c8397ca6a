import Domain
import Etcd
import Logging
import Synchronization

extension Writer {
    /// What one attempt at a batch came to.
    enum Attempt {
        /// Every member is answered, except those that have to wait for another transaction.
        case done(deferred: [BatchMember])
        /// Nothing was applied; the members are to be planned again.
        case retry([BatchMember], isConflict: Bool)
    }

    /// A planned batch.
    struct Plan {
        var headRevision: Int64
        var head: Head
        var accepted: [(member: BatchMember, write: PlannedWrite)] = []
        /// Answers that hold if the mirror was current.
        var settled: [(member: BatchMember, answer: WriterAnswer)] = []
        var deferred: [BatchMember] = []
    }

    func attempt(_ members: [BatchMember]) async -> Attempt {
        if let error = obstacle() {
            for member in members { member.submission.answer(.failed(error)) }
            return .done(deferred: [])
        }
        let last = lastCommitted.withLock { $0 }
        guard await mirror.applied.wait(for: last, until: .now + .seconds(1)) else {
            // A plan on an older state fails its comparisons, so this is only patience; and after a
            // restore of etcd that revision may never come back.
            lastCommitted.withLock { $0 = 0 }
            return .retry(members, isConflict: false)
        }
        do {
            let (remaining, replays) = try await findReplays(members)
            var plan = makePlan(remaining)
            plan.settled += replays
            if plan.accepted.isEmpty { return try await confirm(plan, members) }
            return await commit(plan, members)
        } catch {
            logger.warning("etcd does not answer the writer", metadata: ["error": "\(error)"])
            return .retry(members, isConflict: false)
        }
    }

    /// Members whose Idempotency-Key was used before are answered with what it did then.
    private func findReplays(
        _ members: [BatchMember]
    ) async throws -> ([BatchMember], [(member: BatchMember, answer: WriterAnswer)]) {
        guard members.contains(where: { $0.submission.request.fingerprint != nil }) else {
            return (members, [])
        }
        let keyed = members.filter { $0.submission.request.fingerprint != nil }
        let lookup = Transaction(success: keyed.map { .range(.key($0.journalKey)) })
        let found = try await store.transaction(lookup).responses.compactMap {
            response -> KeyValue? in
            guard case .range(let range) = response else { return nil }
            return range.keyValues.first
        }
        let journal = Dictionary(found.map { ($0.key, $0) }) { first, _ in first }
        var remaining: [BatchMember] = []
        var replays: [(member: BatchMember, answer: WriterAnswer)] = []
        for member in members {
            guard let fingerprint = member.submission.request.fingerprint,
                let stored = journal[member.journalKey]
            else {
                remaining.append(member)
                continue
            }
            let entry = JournalEntry(bytes: stored.value)
            if let entry, entry.isAccepted {
                replays.append(
                    (member, Self.replay(entry, stored.modRevision, fingerprint: fingerprint)))
            } else {
                member.journalRevision = stored.modRevision
                remaining.append(member)
            }
        }
        return (remaining, replays)
    }

    private static func replay(
        _ entry: JournalEntry, _ revision: Int64, fingerprint: String
    ) -> WriterAnswer {
        guard entry.fingerprint == fingerprint else {
            return .refused(
                Refusal(
                    .idempotencyKeyReused,
                    "this Idempotency-Key was used for another request: \(entry.verb) of "
                        + "\(entry.kind) \(entry.name) at \(entry.time); use a new key"))
        }
        return .replayed(entry, revision: revision)
    }

    /// Plans each member against the mirror and the members before it.
    private func makePlan(_ members: [BatchMember]) -> Plan {
        var view = PlanningView(mirror)
        var plan = Plan(headRevision: view.headRevision, head: view.head)
        var budget = TransactionBudget(limits)
        var ids: Set<ChangeID> = []
        for member in members {
            guard ids.insert(member.id).inserted,
                !planner.mustWait(member.submission.prepared, view)
            else {
                plan.deferred.append(member)
                continue
            }
            let options = member.submission.request.options
            switch planner.plan(member.submission.prepared, member.submission.request, view) {
            case .refused(let refusal): plan.settled.append((member, .refused(refusal)))
            case .unchanged(let object, let warnings):
                plan.settled.append((member, .unchanged(object, warnings: warnings)))
            case .write(let write) where options.dryRun || write.writes.isEmpty:
                plan.settled.append((member, .planned(write)))
            case .write(let write):
                guard budget.take(write) || plan.accepted.isEmpty else {
                    plan.deferred.append(member)
                    continue
                }
                view.apply(write)
                plan.accepted.append((member, write))
            }
        }
        return plan
    }

    /// Answers refusals and the like, once it is certain that no other replica has gone further than
    /// the mirror they were judged by.
    private func confirm(_ plan: Plan, _ members: [BatchMember]) async throws -> Attempt {
        let stored = try await store.get(Keyspace.head)?.modRevision ?? 0
        guard stored == plan.headRevision else {
            _ = await mirror.applied.wait(for: stored, until: .now + .seconds(1))
            return .retry(members, isConflict: false)
        }
        answer(plan.settled)
        return .done(deferred: plan.deferred)
    }

    func answer(_ settled: [(member: BatchMember, answer: WriterAnswer)]) {
        for (member, answer) in settled { member.submission.answer(answer) }
    }
}

/// What still fits into a transaction.
private struct TransactionBudget {
    private let limits: Writer.Limits
    /// `head` itself.
    private var operations = 1
    private var bytes = 0
    private var required: Set<String> = []

    init(_ limits: Writer.Limits) { self.limits = limits }

    /// Whether the write fits; if so it is counted.
    mutating func take(_ write: PlannedWrite) -> Bool {
        let allRequired = required.union(write.required)
        // Each object is one comparison and one operation, and so is the change's journal entry.
        let operations = operations + write.writes.count + 1
        let bytes = bytes + write.size
        guard operations + allRequired.count <= limits.operations, bytes <= limits.bytes else {
            return false
        }
        (self.operations, self.bytes, required) = (operations, bytes, allRequired)
        return true
    }
}
