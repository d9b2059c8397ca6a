import Domain
import Etcd
import Logging
import Synchronization

extension Writer {
    /// Sends the plan as one transaction and sees to every outcome.
    func commit(_ original: Plan, _ members: [BatchMember]) async -> Attempt {
        var plan = original
        plan.accepted.removeAll { !$0.member.submission.setInFlight(true) }
        if plan.accepted.isEmpty { return .retry(members, isConflict: false) }
        let lease: LeaseID
        do {
            lease = try await self.lease.id()
        } catch {
            // Nothing was sent yet, whatever became of the lease.
            release(plan)
            if let error = error as? EtcdError { refuse(plan, for: error) }
            return .retry(members, isConflict: false)
        }
        let response: TransactionResponse
        do {
            response = try await store.transaction(transaction(plan, lease: lease))
        } catch {
            return await recover(from: error, plan, members)
        }
        guard response.succeeded else {
            release(plan)
            await awaitNewerState(response)
            return .retry(members, isConflict: true)
        }
        conclude(plan, revision: response.header.revision)
        return .done(deferred: plan.deferred)
    }

    private func conclude(_ plan: Plan, revision: Int64) {
        lastCommitted.withLock { $0 = revision }
        for (member, write) in plan.accepted {
            member.submission.answer(.committed(write, revision: revision))
        }
        answer(plan.settled)
    }

    /// The members can be answered as not applied again.
    private func release(_ plan: Plan) {
        for (member, _) in plan.accepted { _ = member.submission.setInFlight(false) }
    }

    private func transaction(_ plan: Plan, lease: LeaseID) -> Transaction {
        var head = plan.head
        var transaction = Transaction()
        transaction.compares.append(.unchanged(Keyspace.head, since: plan.headRevision))
        transaction.failure.append(.range(.key(Keyspace.head)))
        var required: Set<String> = []
        for (member, write) in plan.accepted {
            head = head.next(changeID: member.id, writes: write.writes)
            required.formUnion(write.required)
            for object in write.writes {
                transaction.compares.append(object.compare)
                transaction.success.append(object.operation)
                transaction.failure.append(.range(.key(EtcdKey(object.path))))
            }
            let journal = planner.journalEntry(member.submission.request, write).bytes
            transaction.compares.append(
                .unchanged(member.journalKey, since: member.journalRevision))
            transaction.success.append(.put(member.journalKey, journal, lease: lease))
        }
        transaction.compares += required.sorted().map { .present(EtcdKey($0)) }
        transaction.success.append(.put(Keyspace.head, head.bytes))
        return transaction
    }

    /// After a failed comparison: lets the mirror catch up with what the transaction ran into.
    private func awaitNewerState(_ response: TransactionResponse) async {
        let seen = response.responses.compactMap { response -> Int64? in
            guard case .range(let range) = response else { return nil }
            return range.keyValues.map(\.modRevision).max()
        }
        _ = await mirror.applied.wait(for: seen.max() ?? 0, until: .now + .seconds(1))
    }

    private func recover(
        from error: any Error, _ plan: Plan, _ members: [BatchMember]
    ) async -> Attempt {
        guard let error = error as? EtcdError else {
            release(plan)
            return .retry(members, isConflict: false)
        }
        logger.warning("a transaction failed", metadata: ["error": "\(error)"])
        if error.outcome == .unknown { return await resolve(plan, members) }
        release(plan)
        switch error.code {
        case .leaseNotFound:
            lease.discard()
        case .requestTooLarge, .tooManyOperations:
            // One member alone is too large for this etcd: say so. Several: try them one by one.
            guard members.count == 1, let only = plan.accepted.first else {
                return .retry(members, isConflict: true)
            }
            only.member.submission.answer(
                .refused(Refusal(.tooLarge, Self.tooLarge(only.write, error))))
            return .done(deferred: plan.deferred)
        default: refuse(plan, for: error)
        }
        return .retry(members, isConflict: false)
    }

    /// Ends the members of a plan at once when etcd says that it takes no writes, or none from here.
    private func refuse(_ plan: Plan, for error: EtcdError) {
        switch error.code {
        case .noSpace, .permissionDenied, .unauthenticated:
            for (member, _) in plan.accepted {
                member.submission.answer(
                    .failed(
                        ControlPlaneError(
                            .etcdUnavailable, "etcd refuses writes: \(error.message)")))
            }
        default: break
        }
    }

    private static func tooLarge(_ write: PlannedWrite, _ error: EtcdError) -> String {
        let message = "the change is larger than etcd takes: \(error.message)"
        guard !write.parts.isEmpty else { return message }
        return message
            + ". The stream changes \(write.writes.count) keys of \(write.size / 1024) KiB"
            + " in all, and two more are needed; etcd's limits are --max-txn-ops (128 by default) and"
            + " --max-request-bytes (1.5 MiB). Split the stream: regions and subnets first, then"
            + " policies in parts"
    }

    /// The answer to a transaction was lost. Either its journal entries are there, then it was
    /// applied; or they are put there as aborted, which makes it impossible, since it compares
    /// that they are absent. Goes on until etcd tells.
    private func resolve(_ plan: Plan, _ members: [BatchMember]) async -> Attempt {
        guard let first = plan.accepted.first?.member else { return .done(deferred: members) }
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                let lease = try await lease.id()
                let response = try await store.transaction(abort(plan, first, lease: lease))
                return resolved(response, plan, members)
            } catch {
                if (error as? EtcdError)?.code == .leaseNotFound { lease.discard() }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
        return .retry(members, isConflict: false)
    }

    private func abort(_ plan: Plan, _ first: BatchMember, lease: LeaseID) -> Transaction {
        Transaction(
            compares: [.unchanged(first.journalKey, since: first.journalRevision)],
            success: plan.accepted.map { member, write in
                var entry = planner.journalEntry(member.submission.request, write)
                entry.isAccepted = false
                entry.result = nil
                return .put(member.journalKey, entry.bytes, lease: lease)
            },
            failure: [.range(.key(first.journalKey))])
    }

    private func resolved(
        _ response: TransactionResponse, _ plan: Plan, _ members: [BatchMember]
    ) -> Attempt {
        var journalRevision = response.header.revision
        if !response.succeeded, case .range(let range)? = response.responses.first,
            let stored = range.keyValues.first
        {
            if JournalEntry(bytes: stored.value)?.isAccepted == true {
                conclude(plan, revision: stored.modRevision)
                return .done(deferred: plan.deferred)
            }
            journalRevision = stored.modRevision
        }
        release(plan)
        let aborted = Set(plan.accepted.map(\.member.id))
        for member in members where aborted.contains(member.id) {
            member.journalRevision = journalRevision
        }
        return .retry(members, isConflict: false)
    }
}
