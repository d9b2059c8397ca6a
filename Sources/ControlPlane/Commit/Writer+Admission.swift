import Etcd
import Logging
import Synchronization

extension Writer {
    /// The result of one attempt at a batch.
    enum Attempt {
        /// Every member is answered, except the deferred members, which have to wait for another transaction.
        case done(deferred: [BatchMember])
        /// Nothing was applied. The members have to be tried again.
        case retry(Trouble)
    }

    /// The members that go into one transaction.
    struct Plan {
        /// The `head` that the mirror showed before the drafts were checked. The transaction requires `head` to be
        /// unchanged, so the transaction fails if another replica has committed a change since then.
        var head: Head
        var headRevision: Int64
        var accepted: [(member: BatchMember, write: PlannedWrite, reads: ReadSet)] = []
        var deferred: [BatchMember] = []
        /// True if the transaction contains a change that has already failed because a writer outside this server was
        /// faster.
        var isContested = false
    }

    func attempt(_ members: [BatchMember]) async -> Attempt {
        if let error = writeBlocker() {
            for member in members { member.submission.answer(.failed(error)) }
            return .done(deferred: [])
        }
        let last = lastCommitted.withLock { $0 }
        guard await mirror.applied.wait(for: last, until: .now + .seconds(1)) else {
            // Makes the next attempt skip this wait, because a restored etcd may never reach the revision `last`. The
            // next attempt is safe without the wait: the comparisons fail for a draft that was made on an older state.
            lastCommitted.withLock { $0 = 0 }
            return .retry(.unavailable("etcd's watch does not show the last change"))
        }
        do {
            let plan = admit(try await answerReplays(members))
            if plan.accepted.isEmpty { return .done(deferred: plan.deferred) }
            return await commit(plan)
        } catch {
            logger.warning("etcd does not answer the writer", metadata: ["error": "\(error)"])
            return .retry(.unavailable("\(error)"))
        }
    }

    /// Looks up the journal entries of the members. If an earlier request has used a member's Idempotency-Key, answers
    /// the member with the earlier result, or with a refusal if the entry cannot be used. Returns the other members.
    private func answerReplays(_ members: [BatchMember]) async throws -> [BatchMember] {
        let asked = members.filter { $0.submission.mayBeJournaled.withLock { $0 } }
        guard !asked.isEmpty else { return members }
        let lookup = Transaction(success: asked.map { .range(.key($0.journalKey)) })
        let found = try await store.transaction(lookup).responses.flatMap(\.keyValues)
        let journal = Dictionary(found.map { ($0.key, $0) }) { first, _ in first }
        return members.filter { member in
            guard let stored = journal[member.journalKey] else {
                member.journalRevision = 0
                return true
            }
            if let replay = replay(stored, of: member.submission.request) {
                member.submission.answer(replay)
                return false
            }
            member.journalRevision = stored.modRevision
            return true
        }
    }

    /// Returns the answer to `request` from the journal entry `stored` of an earlier request with the same
    /// Idempotency-Key. Returns nil if the earlier request was aborted, so that `request` may be carried out.
    func replay(_ stored: KeyValue, of request: ChangeRequest) -> ChangeAnswer? {
        func reused(_ reason: String) -> ChangeAnswer {
            .refused(Refusal(.idempotencyKeyReused, reason + "; use a new key"))
        }
        switch planner.journal.read(request.id, stored.value) {
        case .doubtful(let doubt):
            return reused(
                "the entry in etcd for this Idempotency-Key cannot be used: \(doubt.problem)")
        case .entry(let entry) where entry.context.actor != request.context.actor:
            return reused("a different client already used this Idempotency-Key")
        case .entry(let entry) where !entry.isAccepted: return nil
        case .entry(let entry) where entry.fingerprint != request.fingerprint:
            return reused(
                "this Idempotency-Key was already used for a different request: \(entry.verb) of "
                    + "\(entry.kind) \(entry.name) at \(entry.time)")
        case .entry(let entry): return .replayed(entry, revision: stored.modRevision)
        }
    }

    /// Chooses the members of the next transaction. Each chosen member has a current draft, or gets a new one. Together
    /// the chosen members fit into one transaction, and no member depends on another. The remaining members are
    /// deferred, or answered as stale.
    private func admit(_ members: [BatchMember]) -> Plan {
        let (head, headRevision) = mirror.read { ($0.head, $0.headRevision) }
        if headRevision > lastCommitted.withLock({ $0 }) { turns.withLock { $0.othersCommitted() } }
        var plan = Plan(head: head, headRevision: headRevision)
        var batch = BatchWrites()
        var budget = TransactionBudget(limits)
        var ids: Set<ChangeID> = []
        for member in members where !member.submission.isAnswered {
            // Two requests with the same Idempotency-Key have the same id. The second request is deferred, and later
            // finds the journal entry of the first request.
            guard ids.insert(member.id).inserted else {
                plan.deferred.append(member)
                continue
            }
            // Checks for conflicts with the batch before planning, so that only one of many changes to the same object
            // is planned at a time. A change that has failed because of a writer outside this server gets a separate
            // transaction, so that it cannot make other changes fail.
            let draft = member.submission.draft
            let isContested = member.submission.isContested
            guard !batch.affect(draft.reads, draft.write?.writes ?? []),
                plan.accepted.isEmpty || !(isContested || plan.isContested)
            else {
                plan.deferred.append(member)
                continue
            }
            guard let write = currentWrite(member) else {
                member.submission.answer(.stale)
                continue
            }
            let reads = member.submission.draft.reads
            // `currentWrite` may have replaced the draft. The new draft may read and write other keys, so checks again
            // for conflicts with the batch.
            guard !batch.affect(reads, write.writes), budget.take(write, reads) else {
                plan.deferred.append(member)
                continue
            }
            batch.add(write, mirror)
            plan.isContested = isContested
            plan.accepted.append((member, write, reads))
        }
        return plan
    }

    /// Returns the member's write. If the draft is outdated, plans the change again. Returns nil if the planning could
    /// take long, or if the new plan writes nothing. The member's own task then plans the change again.
    private func currentWrite(_ member: BatchMember) -> PlannedWrite? {
        let submission = member.submission
        if submission.draft.reads.isCurrent(mirror) { return submission.draft.write }
        guard submission.insists || submission.prepared.isQuicklyPlanned else { return nil }
        let draft = planner.draft(
            submission.prepared, submission.request, mirror, deadline: submission.deadline)
        guard let write = draft.write else { return nil }
        submission.draft = draft
        return write
    }
}

extension OperationResponse {
    /// The keys and values that a range request returned; empty for any other operation.
    var keyValues: [KeyValue] {
        if case .range(let range) = self { range.keyValues } else { [] }
    }
}
