import Etcd
import Synchronization

extension Writer {
    /// Finds out whether etcd has applied the transaction of `plan`, whose answer was lost. The transaction was applied
    /// if its journal entries exist. If the entries do not exist, puts an aborted entry under each of their keys. The
    /// lost transaction requires these keys to be unchanged, so etcd can then no longer apply the transaction. Tries
    /// again until etcd answers, or refuses the aborted entries.
    func resolve(_ plan: Plan, _ journal: [[UInt8]]) async -> Attempt {
        var backoff = Backoff(first: .milliseconds(20), limit: .seconds(1))
        while !Task.isCancelled {
            do {
                let lease = try await lease.id()
                let response = try await store.transaction(abort(plan, lease: lease))
                return resolved(response, plan, journal)
            } catch {
                switch (error as? EtcdError).map({ EtcdVerdict($0.code) }) {
                case .leaseIsGone: lease.discard()
                case .refusesWrites, .refusesTransaction:
                    return await answerUnresolved(plan, journal)
                case .mayPassLater, nil: break
                }
            }
            try? await Task.sleep(for: backoff.next())
        }
        return .retry(.unavailable("the server is shutting down"))
    }

    /// Returns the transaction that puts an aborted entry for each member. etcd applies it only if no journal key has
    /// changed since the lost transaction was made. A key has changed if etcd has applied the lost transaction, or if
    /// another replica has carried out a request with the same Idempotency-Key.
    private func abort(_ plan: Plan, lease: LeaseID) -> Transaction {
        Transaction(
            compares: plan.accepted.map {
                .unchanged($0.member.journalKey, since: $0.member.journalRevision)
            },
            success: plan.accepted.map { member, write, _ in
                var entry = planner.journalEntry(member.submission.request, write)
                entry.isAccepted = false
                entry.result = nil
                return .put(member.journalKey, entry.bytes, lease: lease)
            },
            failure: plan.accepted.map { .range(.key($0.member.journalKey)) })
    }

    private func resolved(
        _ response: TransactionResponse, _ plan: Plan, _ journal: [[UInt8]]
    ) -> Attempt {
        let stored = response.responses.map { $0.keyValues.first }
        if !response.succeeded, let revision = Self.applied(journal, stored) {
            conclude(plan, revision: revision)
            return .done(deferred: plan.deferred)
        }
        release(plan)
        for (index, (member, _, _)) in plan.accepted.enumerated() {
            let found = stored.indices.contains(index) ? stored[index] : nil
            member.journalRevision =
                response.succeeded ? response.header.revision : found?.modRevision ?? 0
            // A journal entry may exist now, so the next attempt reads it first.
            member.submission.mayBeJournaled.withLock { $0 = true }
        }
        return .retry(.unavailable("the connection to etcd was lost"))
    }

    /// Returns the revision at which one transaction put all entries of `journal`. Returns nil if a stored entry is
    /// absent or different, or if the stored entries have different revisions.
    private static func applied(_ journal: [[UInt8]], _ stored: [KeyValue?]) -> Int64? {
        guard let revision = stored.first??.modRevision, journal.count == stored.count,
            zip(journal, stored).allSatisfy({ $1?.value == $0 && $1?.modRevision == revision })
        else { return nil }
        return revision
    }

    /// Answers the members after etcd has refused the aborted entries. If the lost transaction was applied, the answers
    /// say so. Otherwise the answers say that the outcome is unknown, because etcd may still apply the lost transaction
    /// until another transaction writes `head`.
    private func answerUnresolved(_ plan: Plan, _ journal: [[UInt8]]) async -> Attempt {
        let lookup = Transaction(success: plan.accepted.map { .range(.key($0.member.journalKey)) })
        if let response = try? await store.transaction(lookup),
            let revision = Self.applied(journal, response.responses.map { $0.keyValues.first })
        {
            conclude(plan, revision: revision)
            return .done(deferred: plan.deferred)
        }
        for (member, _, _) in plan.accepted {
            member.submission.answer(
                .failed(
                    ControlPlaneError(
                        .outcomeUnknown,
                        "the change was sent to etcd, which now refuses writes; the change's outcome is unknown",
                        changeID: member.id)))
        }
        return .done(deferred: plan.deferred)
    }
}
