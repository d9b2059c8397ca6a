import Documents
import Domain
import Etcd
import Logging
import Store

/// Follows etcd from the ledger's last revision on. Fills the mirror and passes every change to the ledger feed. If
/// etcd has compacted revisions that the ledger does not have, compares etcd with the ledger to bridge the gap.
final class Follower: Sendable {
    private let store: any KeyValueStore
    private let mirror: Mirror
    private let feed: LedgerFeed
    private let ledger: AuditLedger
    private let statuses: OutcomeStatuses
    private let authenticator: JournalAuthenticator
    private let stages: WriteStages
    private let logger: Logger
    private let now: @Sendable () -> Timestamp

    init(
        store: any KeyValueStore, mirror: Mirror, feed: LedgerFeed, ledger: AuditLedger,
        statuses: OutcomeStatuses, authenticator: JournalAuthenticator, stages: WriteStages,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.mirror = mirror
        self.feed = feed
        self.ledger = ledger
        self.statuses = statuses
        self.authenticator = authenticator
        self.stages = stages
        self.logger = logger
        self.now = now
    }

    /// Follows etcd until its task is cancelled. Restarts from the ledger's last revision after any error.
    func run() async {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        while !Task.isCancelled {
            do {
                try await follow()
            } catch {
                if Task.isCancelled { break }
                let isExpected = (error as? EtcdError)?.isCompaction ?? false
                logger.log(
                    level: isExpected ? .notice : .warning,
                    "this server cannot follow etcd and tries again",
                    metadata: ["error": "\(error)"])
                // If the mirror was ready, the watch has worked since the last outage. So the pauses begin short again.
                if mirror.isReady { backoff.reset() }
            }
            mirror.setReady(false)
            try? await Task.sleep(for: backoff.next())
        }
    }

    /// Follows etcd until an error occurs: a compaction, another cluster, or a cancellation.
    private func follow() async throws {
        // Waits until all appended rows are on disk, because `start` reads the ledger's progress next.
        await feed.drain()
        let header = try await store.range(RangeRequest(.key(Keyspace.head))).header
        let clusterID = Hex.text(header.clusterID)
        let start = try await start(clusterID, newest: header.revision)
        feed.restart(clusterID: clusterID, after: start)
        // The mirror counts as ready when it has reached this revision. This must be the newest revision of a followed
        // key, because the watch never shows the revisions of other keys.
        let caughtUp = try await store.newestFollowedRevision()
        let projector = projector(clusterID)
        let known = mirror.read { HeadChain($0.storedHead, revision: $0.storedHeadRevision) }
        if case .unreadable(let head) = known.stored { logger.error("\(head.problem)") }
        logger.info(
            "following etcd", metadata: ["after": "\(start)", "newest": "\(header.revision)"])
        let request = WatchRequest(.prefix(Keyspace.watchPrefix), startRevision: start + 1)
        try await store.watch(request) { batches in
            var chain = known
            mirror.setReady(start >= caughtUp)
            for try await batch in batches {
                mirror.noteHeard()
                guard Hex.text(batch.clusterID) == clusterID else {
                    throw EtcdError(code: .clusterChanged, message: "another cluster answers")
                }
                var resumed = batch.resumedAfter[...]
                for changes in batch.revisions {
                    // Checks that etcd was not restored while the watch was interrupted. Without this check, the ledger
                    // could append changes from a restored etcd to rows from the time before the restore.
                    while let revision = resumed.first, revision < changes.revision {
                        try await requireSamePast(at: revision)
                        resumed.removeFirst()
                    }
                    // Changes the mirror before making the rows, because each row needs the value before the change,
                    // and `apply` returns that value.
                    let events = mirror.apply(changes)
                    try await feed.append(
                        project(changes, events, &chain, projector))
                }
                if let revision = resumed.first { try await requireSamePast(at: revision) }
                if !mirror.isReady, mirror.applied.reached >= caughtUp {
                    mirror.setReady(true)
                }
            }
        }
    }

    /// Returns the rows of one revision. Adds a row if the revision changes `head` to a value that no replica of this
    /// server would have written.
    private func project(
        _ changes: RevisionChanges, _ events: [AuditedEvent], _ chain: inout HeadChain,
        _ projector: Projector
    ) -> Projection {
        let time = now()
        let start = ContinuousClock.now
        defer { if !events.isEmpty { stages.record(.projection, since: start) } }
        let journal = RevisionJournal(changes, authenticator)
        var projection = projector.project(
            changes, events, journal, headRevision: chain.revision, observedAt: time)
        if let finding = chain.follow(changes, journal) {
            logger.error(
                "\(finding.reason)", metadata: ["revision": "\(changes.revision)"])
            projection.rows.append(
                finding.row(
                    revision: changes.revision, clusterID: projector.clusterID, time: time))
        }
        return projection
    }

    private func projector(_ clusterID: String) -> Projector {
        Projector(clusterID: clusterID, statuses: statuses, authenticator: authenticator)
    }

    /// Throws unless etcd's state at `revision` equals the mirror, which has followed etcd up to that revision. While
    /// the watch was interrupted, etcd may have been restored and may have reached that revision a second time with
    /// other changes.
    private func requireSamePast(at revision: Int64) async throws {
        var isSame: Bool
        let entries = mirror.read { $0.entries }
        do {
            let stored = try await EtcdSnapshot.revisions(store, at: revision)
            isSame = entries.count == stored.count
            entries.forEach(from: "") { path, entry in
                isSame = isSame && stored[path] == entry.modRevision
                return isSame
            }
        } catch let error as EtcdError where error.isCompaction {
            // Compares only the keys that have not changed since `revision`. The complete state at `revision` can no
            // longer be read, because etcd compacted that revision after the watch had resumed there.
            let stored = try await EtcdSnapshot.revisions(store, at: 0)
            isSame = stored.allSatisfy { path, made in
                made > revision || entries[path]?.modRevision == made
            }
        }
        guard isSame else { throw EtcdError(code: .clusterChanged, message: Self.restored) }
    }

    /// Brings the mirror and the ledger to the same revision, and returns that revision. The watch starts after it.
    private func start(_ clusterID: String, newest: Int64) async throws -> Int64 {
        guard let progress = try await ledger.progress() else {
            try await noteNewLedger(clusterID, newest: newest)
            try await ledger.follow(
                Progress(clusterID: clusterID, revision: 0), emptySince: try await emptySince())
            return try await fill(after: 0, clusterID, newest: newest)
        }
        guard progress.clusterID == clusterID else {
            return try await bridge(
                from: 0, to: newest, clusterID, reason: "etcd is a different cluster than before")
        }
        guard progress.revision <= newest else {
            return try await bridge(
                from: 0, to: newest, clusterID, reason: Self.restored)
        }
        return try await fill(after: progress.revision, clusterID, newest: newest)
    }

    private static let restored = "etcd was restored to an older state"

    /// Fills the mirror with etcd's state at `revision`, the last revision in the ledger. If etcd has compacted that
    /// revision, uses the oldest state that etcd still has.
    ///
    /// If etcd's state at `revision` differs from the ledger's state, begins a new epoch: etcd was restored to an older
    /// state, and has then reached `revision` again with other changes.
    private func fill(
        after revision: Int64, _ clusterID: String, newest: Int64
    ) async throws -> Int64 {
        do {
            var state = MirrorState(authenticator: authenticator)
            if revision > 0 {
                state = try await EtcdSnapshot.read(
                    store, at: revision, keepsValues: false, authenticator
                ).state
                guard try await isLastKnown(state) else {
                    return try await bridge(
                        from: 0, to: newest, clusterID, reason: Self.restored)
                }
            } else if let compacted = try await store.compactedRevision(past: 0) {
                return try await bridge(
                    from: 0, to: compacted, clusterID, reason: "the ledger is new")
            }
            mirror.replace(with: state, revision: revision)
            return revision
        } catch let error as EtcdError where error.isCompaction {
            let compacted = try await store.compactedRevision(past: revision) ?? revision + 1
            return try await bridge(
                from: revision, to: compacted, clusterID,
                reason: "etcd was compacted past the ledger's last revision")
        }
    }

    /// Returns true if the ledger and `state` have the same objects with the same revisions and values.
    private func isLastKnown(_ state: MirrorState) async throws -> Bool {
        var count = 0
        for try await object in ledger.objects() {
            // Skips a key in which the ledger has replaced a NUL, because such a key cannot be compared with etcd's
            // key.
            guard let key = AuditedKey(EtcdKey(object.key)) else { continue }
            guard let entry = state.entries[object.key], entry.modRevision == object.modRevision,
                GapComparison.isSame(object.value, entry.bytes)
            else { return false }
            if key.resource != nil { count += 1 }
        }
        var expected = 0
        state.entries.forEach(from: "") { path, _ in
            // Does not count keys with a NUL, which were skipped above. Does not count pending changes, because the
            // ledger of an earlier version of this server may not have them.
            if path == path.withoutNUL, !path.hasPrefix(Keyspace.pendingPrefix) { expected += 1 }
            return true
        }
        return count == expected
    }

    /// Returns a time at which etcd held no followed key; nil if etcd holds a followed key. The time is taken before
    /// the request to etcd, so that every later write has a later time.
    private func emptySince() async throws -> Timestamp? {
        let time = now()
        return try await store.newestFollowedRevision() == 0 ? time : nil
    }

    /// Writes a note into a new ledger if etcd already has a history. The rows derived from that history are complete,
    /// but earlier refusals are missing. A compacted history needs no note, because it is recorded as a gap.
    private func noteNewLedger(_ clusterID: String, newest: Int64) async throws {
        guard try await store.newestFollowedRevision() > 0,
            try await store.compactedRevision(past: 0) == nil
        else {
            return
        }
        let row = projector(clusterID).observation(
            "history", reason: "the ledger is new", from: 0, to: newest, time: now())
        try await ledger.record([row])
    }

    /// Reads etcd's state at the revision `to`, adds rows for the changes since the ledger's last revision, and fills
    /// the mirror.
    ///
    /// - Parameter from: The ledger's last revision. The value is 0 if the ledger's revisions belong to another etcd; a
    ///   new epoch then begins.
    private func bridge(
        from: Int64, to: Int64, _ clusterID: String, reason: String
    ) async throws -> Int64 {
        let listing = try await EtcdSnapshot.read(
            store, at: to, keepsValues: true, authenticator)
        let journal = try await store.rangeAll(
            prefix: EtcdKey(Keyspace.journalPrefix), revision: to)
        var known: [String: AuditedObject] = [:]
        for try await object in ledger.objects() { known[object.key] = object }
        var comparison = GapComparison(
            projector: projector(clusterID), known: known, current: listing.audited,
            journal: journal.keyValues,
            recorded: try await ledger.recordedChanges(Self.changeIDs(journal.keyValues)),
            from: from, to: to, now: now())
        if comparison.isOfAnotherPast { comparison.from = 0 }
        let reason = comparison.from == from ? reason : Self.restored
        var projection = comparison.project(reason: reason)
        if case .unreadable(let head) = listing.state.storedHead {
            let finding = HeadFinding(head.problem, .absent, listing.state.storedHead)
            projection.rows.append(finding.row(revision: to, clusterID: clusterID, time: now()))
        }
        logger.notice(
            "a gap in etcd's history was bridged",
            metadata: [
                "reason": "\(reason)", "from": "\(comparison.from)", "to": "\(to)",
                "rows": "\(projection.rows.count)",
            ])
        if comparison.from == 0 {
            // Ends the waits for revisions of the old epoch, because the present etcd may never reach these revisions.
            mirror.applied.abandonWaits()
            feed.audited.abandonWaits()
        }
        // Writes the rows before it fills the mirror. So if the ledger fails, the next attempt bridges the same gap
        // again.
        try await ledger.bridge(
            from: Progress(clusterID: clusterID, revision: min(comparison.from, to - 1)),
            projection)
        mirror.replace(with: listing.state, revision: to)
        return to
    }

    private static func changeIDs(_ journal: [KeyValue]) -> [String] {
        journal.compactMap { ChangeID(journalKey: $0.key)?.text }
    }
}
