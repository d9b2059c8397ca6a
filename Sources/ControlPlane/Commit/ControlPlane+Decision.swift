import Domain
import Etcd

extension ControlPlane {
    /// The number of outdated drafts after which the writer's task may plan the change. A draft is outdated if another
    /// change has affected something that it depends on. Planning in the writer's task is the last resort, because it
    /// delays all other changes.
    private static let drafts = 3

    /// Plans the change in the caller's task and has the writer commit it. If there is nothing to commit, returns the
    /// decision after `confirm` has shown that the decision was made on the current state.
    func decide(
        _ request: ChangeRequest, _ prepared: PreparedChange, deadline: ContinuousClock.Instant
    ) async -> ChangeAnswer {
        var overtaken = 0
        var trouble = ""
        while !Task.isCancelled {
            if let error = writer.writeBlocker() { return .failed(error) }
            guard .now < deadline else {
                return .failed(
                    ControlPlaneError(
                        .etcdUnavailable, "the change could not be decided in time" + trouble))
            }
            let start = ContinuousClock.now
            let draft = writer.planner.draft(prepared, request, mirror, deadline: deadline)
            if Task.isCancelled { break }
            if draft.write != nil, !request.options.dryRun {
                stages.record(.plan, since: start)
                let answer = await writer.submit(
                    request, prepared, draft, deadline: deadline,
                    insists: overtaken >= Self.drafts && prepared.mayBePlannedByWriter)
                guard case .stale = answer else { return answer }
                overtaken += 1
                trouble = ": other clients kept changing the objects that this change depends on"
                continue
            }
            switch await confirm(draft, request, deadline: deadline) {
            case .current: return draft.decision.answer
            case .answered(let answer): return answer
            case .outdated(let reason): trouble = ": \(reason)"
            case .unavailable(let reason):
                trouble = ": \(reason)"
                // Pauses, so that this loop does not flood an etcd that is in trouble.
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        return .failed(ControlPlaneError(.cancelled, "the client left; nothing was applied"))
    }

    private enum Confirmation {
        /// The decision takes into account every change that was accepted before the request arrived.
        case current
        /// The answer is etcd's refusal, or the result of an earlier request with the same Idempotency-Key.
        case answered(ChangeAnswer)
        case outdated(String)
        case unavailable(String)
    }

    /// Checks that the draft was made on the current state. Reads `head` and the revisions of the keys that the draft
    /// depends on, with a linearizable read. Waits until the mirror shows these revisions. In a dry run of a write, the
    /// reads are part of the transaction from `rehearsal`, which etcd checks like a real write but never applies.
    private func confirm(
        _ draft: Draft, _ request: ChangeRequest, deadline: ContinuousClock.Instant
    ) async -> Confirmation {
        let journal = request.fingerprint.map { _ in Keyspace.journal(request.id) }
        // Leaves room for two more operations, which look up `head` and the journal entry.
        let keys = draft.reads.revisions.prefix(writer.limits.operations - 2)
        var lookups: [Etcd.Operation] = [.range(.key(Keyspace.head))]
        lookups += keys.map { .revision(of: EtcdKey($0.path)) }
        if let journal { lookups.append(.range(.key(journal))) }
        let found: [[KeyValue]]
        let revision: Int64
        do {
            var transaction = Transaction(success: lookups)
            if let write = draft.write {
                transaction = writer.rehearsal(of: write, request, draft.reads)
                transaction.failure = lookups
            }
            let response = try await store.transaction(transaction)
            (found, revision) = (response.responses.map(\.keyValues), response.header.revision)
        } catch {
            return Self.judged(error, draft.write)
        }
        if let journal, let stored = found.last?.first, stored.key == journal,
            let replay = writer.replay(stored, of: request)
        {
            return .answered(replay)
        }
        let stored = zip(keys, found.dropFirst()).map { (expected: $0, now: $1.first) }
        let moved = stored.filter { $0.expected.revision != $0.now?.modRevision ?? 0 }
        // Uses the revision of etcd's answer for a deleted key, because a deleted key has no mod_revision.
        let newest = moved.map { $0.now?.modRevision ?? revision }.max() ?? 0
        let awaited = max(found.first?.first?.modRevision ?? 0, newest)
        // Waits for one second at most, so that `decide` soon starts again and checks whether writes are still
        // possible.
        let limit = min(deadline, .now + .seconds(1))
        guard await mirror.applied.wait(for: awaited, until: limit) || moved.isEmpty else {
            return .outdated("this server's watch of etcd is behind")
        }
        guard moved.isEmpty, draft.reads.isCurrent(mirror) else {
            return .outdated("other clients kept changing the objects that this change depends on")
        }
        return .current
    }

    /// Returns the result of `confirm` after an error of the lookup, or of the rehearsal of `write`.
    private static func judged(_ error: any Error, _ write: PlannedWrite?) -> Confirmation {
        guard let error = error as? EtcdError else { return .unavailable("\(error)") }
        switch EtcdVerdict(error.code) {
        case .refusesWrites:
            return .answered(
                .failed(
                    ControlPlaneError(.etcdUnavailable, "etcd refuses writes: \(error.message)")))
        case .refusesTransaction:
            guard let write else { return .unavailable(error.description) }
            return .answered(Writer.refusal(of: write, error))
        case .leaseIsGone, .mayPassLater: return .unavailable(error.description)
        }
    }
}

extension Decision {
    /// The answer to a decision that writes nothing.
    fileprivate var answer: ChangeAnswer {
        switch self {
        case .write(let write): .planned(write)
        case .unchanged(let object, let warnings): .unchanged(object, warnings: warnings)
        case .refused(let refusal): .refused(refusal)
        }
    }
}

extension Writer {
    /// Returns the transaction that would commit the write, with an added comparison that never holds. etcd judges
    /// size, operations, permissions and quota before it compares (etcd server/etcdserver/api/v3rpc/key.go and
    /// quota.go). So etcd refuses the rehearsal exactly if it would refuse the real transaction.
    func rehearsal(of write: PlannedWrite, _ request: ChangeRequest, _ reads: ReadSet)
        -> Transaction
    {
        let journal = Keyspace.journal(request.id)
        let entry = planner.journalEntry(request, write).bytes
        let head = mirror.read { $0.head }.next(changeID: request.id, writes: write.writes)
        let compares = [.never(Keyspace.head), .absent(journal)] + write.writes.map(\.compare)
        let room = max(0, limits.operations - compares.count)
        return Transaction(
            compares: compares + Self.assumptions([(write, reads)]).prefix(room),
            success: write.writes.map(\.operation) + [
                .put(journal, entry), .put(Keyspace.head, head.bytes),
            ])
    }
}

extension Compare {
    /// Returns a comparison that never holds, because no key has a negative version.
    static func never(_ key: EtcdKey) -> Compare { Compare(key, .equal, .version(-1)) }
}
