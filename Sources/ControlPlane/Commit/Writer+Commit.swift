import Domain
import Etcd
import Logging
import Synchronization

extension Writer {
    /// Sends the plan as one transaction and handles every outcome.
    func commit(_ original: Plan) async -> Attempt {
        let lease: LeaseID
        do {
            lease = try await self.lease.id()
        } catch {
            // The error comes from the grant of the lease, and the plan's transaction was not sent yet. So no change
            // was applied, even if it is unknown whether etcd granted the lease.
            return refuse(original, for: error)
        }
        var plan = original
        // If no answer comes, the message to the client names this endpoint.
        let endpoint = store.endpointInUse
        // Drops the members that are already answered because their deadlines have passed. No other member depends on
        // them.
        plan.accepted.removeAll { !$0.member.submission.setInFlight(true, to: endpoint) }
        if plan.accepted.isEmpty { return .done(deferred: plan.deferred) }
        let journal = plan.accepted.map { member, write, _ in
            var entry = planner.journalEntry(member.submission.request, write)
            entry.headRevision = plan.headRevision
            return entry.bytes
        }
        let response: TransactionResponse
        stages.recordBatch(submitted: plan.accepted.map(\.member.submission.submitted))
        let start = ContinuousClock.now
        do {
            response = try await store.transaction(transaction(plan, journal, lease: lease))
            stages.record(.transaction, since: start)
        } catch {
            return await recover(from: error, plan, journal)
        }
        guard response.succeeded else {
            release(plan)
            return .retry(await obstruction(of: plan, response))
        }
        conclude(plan, revision: response.header.revision)
        return .done(deferred: plan.deferred)
    }

    func conclude(_ plan: Plan, revision: Int64) {
        lastCommitted.withLock { $0 = revision }
        for (member, write, _) in plan.accepted {
            member.submission.answer(.committed(write, revision: revision))
        }
    }

    /// Marks the members as no longer in flight, so that they can be answered as not applied.
    func release(_ plan: Plan) {
        for (member, _, _) in plan.accepted { _ = member.submission.setInFlight(false) }
    }

    /// Returns the plan's transaction.
    ///
    /// - Parameter journal: The members' journal entries, in the order of the members.
    private func transaction(_ plan: Plan, _ journal: [[UInt8]], lease: LeaseID) -> Transaction {
        var head = plan.head
        var transaction = Transaction()
        transaction.compares.append(.unchanged(Keyspace.head, since: plan.headRevision))
        // If a comparison fails, etcd's answer contains `head` and so shows whether another replica has changed `head`.
        transaction.failure.append(.range(.key(Keyspace.head)))
        for ((member, write, _), entry) in zip(plan.accepted, journal) {
            head = head.next(changeID: member.id, writes: write.writes)
            transaction.compares += write.writes.map(\.compare)
            transaction.success += write.writes.map(\.operation)
            // Requires that the journal entry does not exist, or is the aborted entry of an earlier attempt. So a
            // request that was sent twice, or a transaction whose answer was lost, is not applied twice.
            transaction.compares.append(
                .unchanged(member.journalKey, since: member.journalRevision))
            transaction.success.append(.put(member.journalKey, entry, lease: lease))
        }
        transaction.success.append(.put(Keyspace.head, head.bytes))
        // Leaves out the comparisons from `assumptions` that exceed etcd's limit on the number of comparisons.
        let room = limits.operations - transaction.compares.count
        transaction.compares += Self.assumptions(plan.accepted.map { ($0.write, $0.reads) })
            .prefix(max(0, room))
        return transaction
    }

    /// Returns comparisons of keys that the plans do not write: required keys, and the regions and subnets that a plan
    /// depends on. Writers other than replicas of this server do not change `head`. So only these comparisons reveal
    /// that another writer has deleted a region since the plan was made.
    static func assumptions(_ plans: [(write: PlannedWrite, reads: ReadSet)]) -> [Compare] {
        var paths = Set(plans.flatMap { $0.write.writes.map(\.path) })
        var compares: [Compare] = []
        for path in plans.flatMap(\.write.required) where paths.insert(path).inserted {
            compares.append(.present(EtcdKey(path)))
        }
        for (path, revision) in plans.flatMap(\.reads.inventory)
        where paths.insert(path).inserted {
            compares.append(.unchanged(EtcdKey(path), since: revision))
        }
        return compares
    }

    /// Finds the keys that made the transaction's comparisons fail, and waits until the mirror shows the changes to
    /// these keys.
    private func obstruction(of plan: Plan, _ response: TransactionResponse) async -> Trouble {
        let head = response.responses.flatMap(\.keyValues).first?.modRevision ?? 0
        if head != plan.headRevision {
            // Waits for the revision of etcd's answer if `head` was deleted, because a deleted key has no mod_revision.
            let newest = head == 0 ? response.header.revision : head
            _ = await mirror.applied.wait(for: newest, until: .now + .seconds(1))
            return .overtaken
        }
        do {
            return try await .outdated(paths: movedKeys(plan, since: response.header.revision))
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// Returns the compared keys that are not in the state that the plan requires. Waits up to one second until the
    /// mirror shows their changes.
    private func movedKeys(_ plan: Plan, since revision: Int64) async throws -> Set<String> {
        var expected: [String: Int64] = [:]
        for (member, write, reads) in plan.accepted {
            expected[member.journalKey.description] = member.journalRevision
            for (path, revision) in reads.inventory { expected[path] = revision }
            // The value -1 means that the key must exist, at any revision. The loop over `write.writes` replaces -1
            // with an exact revision if the plan also writes the key.
            for path in write.required { expected[path] = -1 }
            for object in write.writes { expected[object.path] = object.expectedRevision }
        }
        var moved: Set<String> = []
        var newest: Int64 = 0
        for keys in expected.keys.sorted().chunks(of: limits.operations) {
            let lookup = Transaction(success: keys.map { .revision(of: EtcdKey($0)) })
            let responses = try await store.transaction(lookup).responses
            for (path, response) in zip(keys, responses) {
                let stored = response.keyValues.first?.modRevision ?? 0
                let isAsExpected = expected[path] == -1 ? stored > 0 : stored == expected[path]
                guard !isAsExpected else { continue }
                moved.insert(path)
                newest = max(newest, stored == 0 ? revision : stored)
            }
        }
        _ = await mirror.applied.wait(for: newest, until: .now + .seconds(1))
        return moved
    }

    private func recover(
        from error: any Error, _ plan: Plan, _ journal: [[UInt8]]
    ) async -> Attempt {
        logger.warning("a transaction failed", metadata: ["error": "\(error)"])
        if (error as? EtcdError)?.outcome == .unknown { return await resolve(plan, journal) }
        return refuse(plan, for: error)
    }

    /// Handles an error that left etcd unchanged. Answers all members if etcd refuses every write. If etcd refuses this
    /// transaction every time and the plan has only one member, answers that member. In all other cases, returns
    /// `retry`.
    private func refuse(_ plan: Plan, for error: any Error) -> Attempt {
        release(plan)
        guard let error = error as? EtcdError else { return .retry(.unavailable("\(error)")) }
        switch EtcdVerdict(error.code) {
        case .leaseIsGone:
            lease.discard()
            return .retry(.unavailable(error.description))
        case .refusesWrites:
            return end(
                plan,
                with: .failed(
                    ControlPlaneError(.etcdUnavailable, "etcd refuses writes: \(error.message)")))
        case .refusesTransaction:
            // Tries a plan of several members again with half of them, until the refused member is alone. So the other
            // members are not refused with it.
            guard plan.accepted.count == 1, let only = plan.accepted.first else {
                return .retry(.refused(error))
            }
            return end(plan, with: Self.refusal(of: only.write, error))
        case .mayPassLater: return .retry(.unavailable(error.description))
        }
    }

    private func end(_ plan: Plan, with answer: ChangeAnswer) -> Attempt {
        for (member, _, _) in plan.accepted { member.submission.answer(answer) }
        return .done(deferred: plan.deferred)
    }

    /// Returns the answer to a change that etcd refuses permanently.
    static func refusal(of write: PlannedWrite, _ error: EtcdError) -> ChangeAnswer {
        switch error.code {
        case .requestTooLarge, .tooManyOperations:
            .refused(Refusal(.tooLarge, tooLarge(write, error)))
        case .permissionDenied:
            .failed(
                ControlPlaneError(
                    .etcdUnavailable,
                    "etcd refuses this write: \(error.message). The server's etcd user needs "
                        + "read and write permission on /calico/resources/v3/projectcalico.org/ and "
                        + Keyspace.root))
        default:
            .refused(
                Refusal(
                    .refusedByEtcd,
                    "etcd refuses this change, and would refuse it again: \(error.message). Nothing was applied; "
                        + "please report this with the request"))
        }
    }

    private static func tooLarge(_ write: PlannedWrite, _ error: EtcdError) -> String {
        let message = "the change is larger than etcd allows: \(error.message)"
        guard !write.parts.isEmpty else { return message }
        return message
            + ". The manifest changes \(write.writes.count) keys with \(write.size / 1024) KiB"
            + " in total, and the server adds two keys; etcd's limits are --max-txn-ops (128 by default) and"
            + " --max-request-bytes (1.5 MiB). Split the manifest: regions and subnets first, then"
            + " policies in parts"
    }
}

extension Etcd.Operation {
    /// Returns a request for a key without its value, because the value may be large.
    static func revision(of key: EtcdKey) -> Etcd.Operation {
        .range(RangeRequest(.key(key), keysOnly: true))
    }
}

extension Array {
    /// Returns the array in pieces of at most `count` elements.
    func chunks(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map {
            self[$0..<Swift.min($0 + count, self.count)]
        }
    }
}

/// The meaning of an etcd error for the transaction that caused it.
enum EtcdVerdict {
    /// etcd currently refuses every write.
    case refusesWrites
    /// etcd refuses this transaction every time.
    case refusesTransaction
    /// The lease of the journal entries has expired. The transaction can pass with a new lease.
    case leaseIsGone
    /// The same transaction may pass later.
    case mayPassLater

    init(_ code: EtcdError.Code) {
        self =
            switch code {
            case .noSpace, .unauthenticated: .refusesWrites
            // A missing permission concerns this transaction only, because a transaction on other keys may be
            // permitted.
            case .permissionDenied, .requestTooLarge, .responseTooLarge, .tooManyOperations,
                .invalidArgument, .unsupported, .internal:
                .refusesTransaction
            case .leaseNotFound: .leaseIsGone
            case .unavailable, .deadlineExceeded, .cancelled, .compacted, .futureRevision,
                .noLeader, .tooManyRequests, .clusterChanged, .corrupt:
                .mayPassLater
            }
    }
}
