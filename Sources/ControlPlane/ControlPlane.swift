package import Calico
package import Etcd
package import Logging
import ServiceLifecycle
package import Store
import Synchronization

/// The settings of the control plane.
package struct ControlPlaneConfiguration: Sendable {
    package var policyNames: PolicyNameConvention
    /// The time that a write may take. After that time, the server tells the client what it knows about the write.
    package var writeDeadline: Duration
    /// The number of seconds that a journal entry stays in etcd. After the entry has expired, no server recognises the
    /// Idempotency-Key of the change. If a server has not recorded the change before the expiry, and etcd has compacted
    /// the change, the server cannot learn the author of the change.
    package var journalTTLSeconds: Int64

    /// The kinds of object that no person may change alone.
    package var twoPersons: TwoPersonRule
    package var refusals: RefusalBudget.Limits
    /// The authenticator that signs journal entries and decides which stored entries are believed.
    package var journal: JournalAuthenticator

    package init(
        policyNames: PolicyNameConvention = .auto, writeDeadline: Duration = .seconds(10),
        journalTTLSeconds: Int64 = 7 * 86_400,
        twoPersons: TwoPersonRule = .off, refusals: RefusalBudget.Limits = RefusalBudget.Limits(),
        journal: JournalAuthenticator = JournalAuthenticator()
    ) {
        self.policyNames = policyNames
        self.writeDeadline = writeDeadline
        self.journalTTLSeconds = journalTTLSeconds
        self.twoPersons = twoPersons
        self.refusals = refusals
        self.journal = journal
    }
}

/// Connects the parts of the server. Reads come from memory, writes go through etcd, and every change goes into the
/// ledger.
///
/// A write is answered as applied only when it is in etcd, visible in this server's reads, and audited on disk.
package final class ControlPlane: Service {
    let store: any KeyValueStore
    let ledger: AuditLedger
    package let mirror: Mirror
    package let feed: LedgerFeed
    package let stages: WriteStages
    let refusals: RefusalLog
    package let writer: Writer
    let probe: WriteProbe
    let statuses: OutcomeStatuses
    let configuration: ControlPlaneConfiguration
    let logger: Logger
    /// The number of changes that needed a second person and that this server applied without one.
    let overrides = Atomic<Int>(0)
    private let follower: Follower

    /// - Parameter statuses: The status and problem type of the answer to each outcome. Audit rows store them.
    package init(
        store: any KeyValueStore, ledger: AuditLedger, statuses: OutcomeStatuses,
        configuration: ControlPlaneConfiguration, logger: Logger
    ) {
        self.store = store
        self.ledger = ledger
        self.statuses = statuses
        self.configuration = configuration
        self.logger = logger
        let mirror = Mirror(
            logger: logger, authenticator: configuration.journal, trouble: { store.trouble })
        self.mirror = mirror
        let stages = WriteStages()
        self.stages = stages
        let feed = LedgerFeed(ledger: ledger, stages: stages, logger: logger)
        self.feed = feed
        refusals = RefusalLog(
            ledger: ledger, limits: configuration.refusals, logger: logger)
        follower = Follower(
            store: store, mirror: mirror, feed: feed, ledger: ledger, statuses: statuses,
            authenticator: configuration.journal, stages: stages, logger: logger,
            now: SystemClock.now)
        probe = WriteProbe(store: store)
        writer = Writer(
            store: store, mirror: mirror,
            planner: Planner(
                policyNames: configuration.policyNames, environment: .system,
                twoPersons: configuration.twoPersons, journal: configuration.journal),
            lease: JournalLease(store: store, ttlSeconds: configuration.journalTTLSeconds),
            stages: stages, logger: logger,
            writeBlocker: { Self.writeBlocker(mirror, feed, ledger) })
    }

    /// Runs until its task is cancelled or the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.feed.run() }
                group.addTask { await self.follower.run() }
                group.addTask { await self.writer.run() }
                group.addTask { await self.keepTime() }
                group.addTask { await self.sweep() }
                group.addTask {
                    await self.ledger.keepTexts { error in
                        self.logger.warning(
                            "some rows are not in the index of texts yet, so a search may miss them",
                            metadata: ["error": "\(error)"])
                    }
                }
                group.addTask { await self.listRegions() }
                group.addTask { await self.probeLedger() }
            }
        }
    }

    /// Adds the regions to the rows that an older version of this program wrote without regions. After an error of the
    /// ledger, tries again a minute later.
    private func listRegions() async {
        while !Task.isCancelled {
            do {
                return try await ledger.keepRegions()
            } catch is CancellationError {
                return
            } catch {
                logger.warning(
                    "only users who may read all regions can see older rows, until the ledger has stored the regions of these rows",
                    metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    /// Removes expired pending changes twice a minute. The pause differs from server to server, so that two servers
    /// rarely try the same removal at the same moment.
    private func sweep() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 20_000...40_000)))
            await removeExpired()
        }
    }

    /// Probes the ledger every two seconds while the ledger is unavailable. A probe hangs if the disk hangs, so the
    /// probes run in a separate task and not in `keepTime`.
    private func probeLedger() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            if !ledger.health.isAvailable { await ledger.probe() }
        }
    }

    /// Ends the waits that have reached their deadlines. Saves the ledger's progress every ten seconds and reports
    /// dropped rows every minute. One loop checks all deadlines every 100 ms, so that no wait needs a separate timer.
    private func keepTime() async {
        defer {
            mirror.applied.close()
            feed.audited.close()
        }
        var tick = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            let now = ContinuousClock.now
            writer.expire(now)
            mirror.applied.expire(now)
            feed.audited.expire(now)
            tick += 1
            if tick % 100 == 0 { feed.saveProgress() }
            if tick % 600 == 0 { await refusals.reportDropped() }
        }
        await refusals.reportDropped()
    }

    /// Returns the reason why nothing may be written now; nil if writes are allowed.
    private static func writeBlocker(
        _ mirror: Mirror, _ feed: LedgerFeed, _ ledger: AuditLedger
    ) -> ControlPlaneError? {
        if case .unavailable(let error) = ledger.recentHealth {
            return ControlPlaneError(
                .ledgerUnavailable,
                "the audit ledger cannot be written, so changes are refused: \(error.message)")
        }
        if let defect = feed.defect {
            return ControlPlaneError(
                .ledgerUnavailable, "changes do not reach the audit ledger: \(defect.message)")
        }
        guard mirror.isReady else {
            return ControlPlaneError(.notReady, mirror.unreadiness)
        }
        if case .unreadable(let head) = mirror.read({ $0.storedHead }) {
            return ControlPlaneError(
                .etcdUnavailable, "\(head.problem), so changes are refused. \(head.remedy)")
        }
        if let staleness = mirror.staleness(at: .now) {
            return ControlPlaneError(.notReady, staleness)
        }
        return nil
    }
}
