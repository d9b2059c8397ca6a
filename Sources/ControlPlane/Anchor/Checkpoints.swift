package import Domain
package import Etcd
package import Logging
import ServiceLifecycle
package import Store
import Synchronization

/// Signs checkpoints of the ledger at intervals, at shutdown and on request, and anchors them in etcd.
///
/// Checkpoints are made even while etcd does not answer. They are anchored as soon as etcd answers again.
package final class Checkpoints: Service {
    /// The steps of the service. Each step can fail while the others succeed. The next checkpoint or anchor is delayed
    /// until the failed step succeeds.
    package enum Part: CaseIterable, Sendable {
        case key, checkpoint, anchor, predecessor

        var problem: String {
            switch self {
            case .key: "the signing key cannot be recorded"
            case .checkpoint: "no checkpoint can be made"
            case .anchor: "the checkpoint is not anchored in etcd"
            case .predecessor: "the ledgers that this one replaced cannot be determined"
            }
        }
    }

    /// The state that `/readyz` and `/metrics` show.
    package struct Status: Sendable {
        /// The number of rows that the newest checkpoint covers; 0 if there is no checkpoint yet.
        package var signed: Int64 = 0
        /// The number of rows that the checkpoint in etcd covers, to this server's knowledge.
        package var anchored: Int64 = 0
        /// The number of checkpoints that etcd keeps as evidence because they contradict the ledger.
        package var mismatches = 0
        /// The replaced ledgers that still have a checkpoint in etcd.
        package var predecessors: [String] = []
        /// The current failures, by step.
        package var problems: [Part: String] = [:]

        package init() {}

        /// The reasons why there is no newer checkpoint or anchor; nil if every step succeeds.
        package var problem: String? {
            let texts = Part.allCases.compactMap { problems[$0] }
            return texts.isEmpty ? nil : texts.joined(separator: "; ")
        }
    }

    struct State {
        var status = Status()
        /// The keys with which this server can sign, oldest first. If the key changes, the old key stays until a row of
        /// the ledger names the new key.
        var keys: [SigningKey]
        /// True if a row of the ledger names the signing key. Nothing is signed while this is false.
        var isKeyOnRecord = false
        /// True if etcd's anchor has been compared with the ledger since the start.
        var isCompared = false
        var isMissingAnchorReported = false
    }

    let ledger: AuditLedger
    let store: any KeyValueStore
    /// Returns the key that the key file has now.
    private let currentKey: @Sendable () -> SigningKey
    let logger: Logger
    let now: @Sendable () -> Timestamp
    // This is a mutex and not an actor, so that `/readyz` and `/metrics` can read the status without waiting.
    let state: Mutex<State>
    /// The task that updates etcd's anchor, one run at a time.
    let anchoring = CoalescingTask()
    /// The keys of ledgers that used this data folder before.
    let retiredKeys: [VerifierKey]
    /// The number of rows on disk before this run of the server added any.
    let sizeAtStart: Int64
    private let interval: Duration?

    /// The pause before a failed step is repeated.
    private static let retryInterval = Duration.seconds(5)
    /// The time that a checkpoint request or the shutdown waits for etcd to accept the anchor.
    private static let anchorPatience = Duration.seconds(2)

    /// - Parameters:
    ///   - key: The key at the start.
    ///   - currentKey: A closure that returns the present key of the key file. Nil if the key never changes, so that
    ///     `key` always signs.
    ///   - retiredKeys: The keys of ledgers that used this data folder before.
    ///   - interval: The time between checkpoints of a growing ledger. If it is nil, checkpoints are made only on
    ///     request and at shutdown.
    package init(
        ledger: AuditLedger, store: any KeyValueStore, key: SigningKey,
        currentKey: (@Sendable () -> SigningKey)? = nil, retiredKeys: [VerifierKey] = [],
        interval: Duration?,
        logger: Logger, now: @escaping @Sendable () -> Timestamp = SystemClock.now
    ) {
        self.ledger = ledger
        self.store = store
        self.currentKey = currentKey ?? { key }
        self.state = Mutex(State(keys: [key]))
        self.retiredKeys = retiredKeys
        self.interval = interval
        self.logger = logger
        self.now = now
        sizeAtStart = ledger.lastSeq
    }

    package var status: Status { state.withLock { $0.status } }

    /// The key that verifies the newest checkpoints. If the key changes, this is the old key until a row of the ledger
    /// names the new key.
    package var verifierKey: VerifierKey { state.withLock { $0.keys[0].verifier } }

    /// Signs and stores a checkpoint with the key that the ledger's rows name.
    func sign() async throws -> (stored: StoredCheckpoint, isNew: Bool) {
        try await ledger.makeCheckpoint(time: now()) { named in
            self.state.withLock { state in state.keys.first { $0.verifier == named } }
        }
    }

    /// Signs checkpoints until its task is cancelled or the service group shuts down. Then signs a final checkpoint.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        await signFinalCheckpoint()
    }

    /// Signs a checkpoint of the rows that are on disk now. `isNew` is false if these rows were signed before.
    /// `isAnchored` is false if etcd did not accept the checkpoint within two seconds. The service then keeps trying to
    /// anchor the checkpoint.
    ///
    /// Throws `notReady` before the key is on record, and `ledgerUnavailable` if no checkpoint can be made.
    package func make() async throws(ControlPlaneError) -> (
        stored: StoredCheckpoint, isNew: Bool, isAnchored: Bool
    ) {
        guard await isKeyOnRecord() else {
            throw ControlPlaneError(.notReady, "the signing key is not recorded yet")
        }
        do {
            let made = try await sign()
            noteSigned(made.stored)
            await anchorWithPatience()
            return (
                made.stored, made.isNew, status.anchored >= made.stored.checkpoint.size
            )
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "no checkpoint can be made: \(error)")
        }
    }

    /// Returns the newest checkpoint; nil if there is no checkpoint yet.
    package func newest() async throws -> StoredCheckpoint? {
        try await ledger.lastCheckpoint(upTo: ledger.lastSeq)
    }

    private func work() async {
        await attempt(.key) { try await recordKey() }
        var due = ContinuousClock.now + (interval ?? .zero)
        while !Task.isCancelled {
            let isOnRecord = state.withLock { $0.isKeyOnRecord }
            if !isOnRecord || currentKey().verifier != verifierKey {
                await attempt(.key) { try await recordKey() }
            }
            let isDue = interval != nil && ContinuousClock.now >= due
            if let interval, isDue || status.problems[.checkpoint] != nil {
                due = ContinuousClock.now + interval
                await signIfGrown()
            }
            let isAnchored = state.withLock { state in
                state.isCompared && state.status.anchored >= state.status.signed
            }
            // Checks the anchor even if there are no new rows, because someone may have deleted the anchor or an
            // evidence key.
            if isDue || !isAnchored { await tryToAnchor() }
            let pause = interval == nil ? Self.retryInterval : due - .now
            try? await Task.sleep(for: min(Self.retryInterval, max(pause, .milliseconds(10))))
        }
    }

    private func signIfGrown() async {
        guard await isKeyOnRecord() else { return }
        await attempt(.checkpoint) {
            guard try await newest().map({ $0.checkpoint.size < ledger.lastSeq }) ?? true else {
                return
            }
            noteSigned(try await sign().stored)
        }
    }

    /// Signs a last checkpoint at shutdown and tries for two seconds to anchor it. If that fails, the next start
    /// anchors the checkpoint.
    private func signFinalCheckpoint() async {
        await signIfGrown()
        await anchorWithPatience()
    }

    /// Tries to anchor the newest checkpoint, but waits at most two seconds for etcd.
    private func anchorWithPatience() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tryToAnchor() }
            group.addTask { try? await Task.sleep(for: Self.anchorPatience) }
            // The first task that finishes ends the wait. A cancelled `tryToAnchor` returns at once, even if etcd does
            // not answer.
            await group.next()
            group.cancelAll()
        }
    }

    private func isKeyOnRecord() async -> Bool {
        if state.withLock({ $0.isKeyOnRecord }) { return true }
        guard let last = try? await ledger.signingKeys().last?.key else { return false }
        return state.withLock { state in
            if state.keys.contains(where: { $0.verifier == last }) { state.isKeyOnRecord = true }
            return state.isKeyOnRecord
        }
    }

    /// Adds a row that names the signing key, unless the ledger's last row about a signing key already names it.
    private func recordKey() async throws {
        let key = currentKey()
        let last = try await ledger.signingKeys().last?.key
        if last != key.verifier {
            // Keeps the old key until the row of the new key is recorded. A checkpoint without that row is signed with
            // the old key, and a checkpoint with that row is signed with the new key.
            state.withLock { state in
                state.keys.removeAll { $0.verifier == key.verifier }
                state.keys.append(key)
            }
            try await ledger.record([
                SigningKeyRow.draft(key.verifier, after: last, time: now())
            ])
            logger.notice(
                last == nil ? "checkpoints are signed with a new key" : "the signing key changed",
                metadata: ["key": "\(key.verifier.text)"])
        }
        let newest = try await newest()
        state.withLock { state in
            state.keys = [key]
            state.isKeyOnRecord = true
            state.status.signed = newest?.checkpoint.size ?? 0
        }
    }

    /// Runs `body`. If `body` throws, logs the error and shows the error in the status until the same step succeeds.
    package func attempt(_ part: Part, _ body: () async throws -> Void) async {
        do {
            try await body()
            state.withLock { $0.status.problems[part] = nil }
        } catch {
            guard !Task.isCancelled else { return }
            let text = "\(part.problem): \(error)"
            let isNews = state.withLock { state in
                defer { state.status.problems[part] = text }
                return state.status.problems[part] != text
            }
            if isNews { logger.warning("\(part.problem)", metadata: ["error": "\(error)"]) }
        }
    }

    func noteSigned(_ stored: StoredCheckpoint) {
        state.withLock { state in
            state.status.signed = max(state.status.signed, stored.checkpoint.size)
            state.status.problems[.checkpoint] = nil
        }
    }
}
