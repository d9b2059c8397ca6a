import DequeModule
import Domain
import Etcd
package import Logging
package import Store
import Synchronization

/// Writes the watch's changes into the ledger, in order and in batches. If the ledger cannot be written, the feed waits
/// and tries again.
///
/// The feed is a queue with a limit in bytes, so a slow disk slows the watch down. The feed passes its batches to the
/// queue of the ledger, which joins them with other rows, such as refusals, in one commit. There are two queues,
/// because in a single queue a burst of refusals would delay the watch.
package final class LedgerFeed: Sendable {
    private struct State {
        var pending: Deque<Projection> = []
        /// The time when each element of `pending` was appended.
        var pendingSince: Deque<ContinuousClock.Instant> = []
        /// The bytes of `pending` and of the batch in progress.
        var pendingBytes = 0
        /// The last appended revision, with rows or without.
        var seen: Int64 = 0
        /// The last revision that the ledger has stored on disk as its progress.
        var saved: Int64 = 0
        var isBusy = false
        /// True if the feed has stopped writing.
        var isClosed = false
        /// The reason why no appended change can be written before the next `restart`.
        var defect: StoreError?
        var producer: CheckedContinuation<Void, Never>?
        var drainWaiters: [CheckedContinuation<Void, Never>] = []

        mutating func append(_ projection: Projection) {
            pending.append(projection)
            pendingSince.append(.now)
            pendingBytes += projection.memoryBytes
        }

        var isIdle: Bool { pending.isEmpty && !isBusy }
        var isFull: Bool { pendingBytes >= LedgerFeed.maximumPendingBytes }
    }

    /// The waiters to resume after the lock is released. A waiter that is resumed under the lock might run at once and
    /// wait for the lock.
    private struct Resumed {
        var producer: CheckedContinuation<Void, Never>?
        var drained: [CheckedContinuation<Void, Never>] = []

        func resume() {
            producer?.resume()
            for waiter in drained { waiter.resume() }
        }
    }

    /// The newest revision up to which every row is on disk. Revisions without rows count as well.
    package let audited = RevisionGate()
    private let ledger: AuditLedger
    private let stages: WriteStages
    private let logger: Logger
    private let clusterID = Mutex("")
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let signal: Signal

    /// The largest number of bytes that may wait for the disk. Above this limit, `append` waits, so the watch is not
    /// read, and etcd has to wait too. The revision that exceeds the limit is still accepted. A transaction of 1.5 MiB
    /// takes about 8 MiB, because each row contains its object before and after.
    package static let maximumPendingBytes = 32 << 20
    /// The approximate number of rows in one SQLite transaction. A commit costs one fsync regardless of its rows, so
    /// batches save fsyncs. A larger batch would delay the answers to the writes whose rows are first in the batch.
    private static let batchRows = 512
    /// The approximate number of bytes in one SQLite transaction.
    private static let batchBytes = 8 << 20

    /// Creates a feed. Call `restart` before the first `append`.
    package init(ledger: AuditLedger, stages: WriteStages = WriteStages(), logger: Logger) {
        self.ledger = ledger
        self.stages = stages
        self.logger = logger
        (wakes, signal) = Signal.make()
    }

    /// The reason why etcd's changes cannot enter this ledger; nil if they can. It stays nil while the disk fails,
    /// because the feed then tries again.
    package var defect: StoreError? { state.withLock { $0.defect } }

    /// The number of bytes that wait for the disk.
    package var pendingBytes: Int { state.withLock { $0.pendingBytes } }

    /// Starts again after `revision` of the cluster. The ledger must already have that revision.
    package func restart(clusterID: String, after revision: Int64) {
        self.clusterID.withLock { $0 = clusterID }
        state.withLock { state in
            (state.seen, state.saved, state.defect) = (revision, revision, nil)
        }
        audited.reset(to: revision)
    }

    /// Appends one revision. Waits while too many bytes wait for the disk.
    ///
    /// Throws `clusterMismatch` if the ledger follows another cluster. Appended rows can then never be written, so the
    /// follower has to start again.
    package func append(_ projection: Projection) async throws(StoreError) {
        if let defect { throw defect }
        await withCheckedContinuation { continuation in
            let (isFull, isProgress) = state.withLock { state in
                state.seen = projection.revision
                // Does not queue a revision without rows. The next revision with rows, or `saveProgress`, saves it as
                // progress.
                guard !projection.rows.isEmpty else { return (false, state.isIdle) }
                state.append(projection)
                guard state.isFull, !state.isClosed else { return (false, false) }
                state.producer = continuation
                return (true, false)
            }
            if isProgress { audited.advance(to: projection.revision) }
            if !projection.rows.isEmpty { signal.raise() }
            if !isFull { continuation.resume() }
        }
    }

    /// Waits until all appended revisions are on disk, or can never be written.
    package func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                guard !state.isIdle, !state.isClosed else { return true }
                state.drainWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Writes batches until its task is cancelled. Then writes the remaining batches, and stops at the first failure.
    package func run() async {
        for await _ in wakes {
            while let batch = take() {
                // Stops after a batch that was given up, because later rows must not be written without the rows of
                // that batch.
                guard await write(batch) else { return finish() }
            }
        }
        while let batch = take() {
            guard await attempt(batch) else { break }
        }
        finish()
    }

    /// Saves the progress of revisions without rows. Called every ten seconds, so that after a restart the watch does
    /// not have to begin far back.
    func saveProgress() {
        let isDue = state.withLock { state in
            guard state.isIdle, state.seen > state.saved else { return false }
            let progress = Projection(revision: state.seen)
            state.append(progress)
            return true
        }
        if isDue { signal.raise() }
    }

    /// Returns the next batch; nil if everything is on disk.
    private func take() -> [Projection]? {
        let (batch, reached, resumed) = state.withLock { state -> ([Projection], Int64?, Resumed) in
            var (rows, bytes) = (0, 0)
            let end =
                state.pending.firstIndex { projection in
                    rows += projection.rows.count
                    bytes += projection.memoryBytes
                    return rows > Self.batchRows || bytes > Self.batchBytes
                } ?? state.pending.count
            // Takes at least one revision, even if this revision alone exceeds the limits.
            let batch = Array(state.pending.prefix(max(end, 1)))
            state.pending.removeFirst(batch.count)
            for since in state.pendingSince.prefix(batch.count) {
                stages.record(.ledgerQueue, since: since)
            }
            state.pendingSince.removeFirst(batch.count)
            state.isBusy = !batch.isEmpty
            guard batch.isEmpty else { return (batch, nil, Resumed()) }
            defer { state.drainWaiters = [] }
            return ([], state.seen, Resumed(drained: state.drainWaiters))
        }
        if let reached { audited.advance(to: reached) }
        resumed.resume()
        return batch.isEmpty ? nil : batch
    }

    /// Tries to write the batch until it is on disk. Returns false if the task is cancelled first.
    private func write(_ batch: [Projection]) async -> Bool {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        while await !attempt(batch) {
            if Task.isCancelled { return false }
            try? await Task.sleep(for: backoff.next())
        }
        return true
    }

    /// Tries once to write the batch. Returns true if the batch is written or dropped.
    private func attempt(_ batch: [Projection]) async -> Bool {
        do {
            let start = ContinuousClock.now
            try await ledger.project(batch, clusterID: clusterID.withLock { $0 })
            stages.record(.ledgerCommit, since: start)
            release(batch)
            if let last = batch.last { audited.advance(to: last.revision) }
            return true
        } catch  where error.code == .clusterMismatch {
            logger.error(
                "the ledger follows a different etcd cluster; this server starts to follow etcd again",
                metadata: ["error": "\(error)"])
            drop(because: error)
            return true
        } catch {
            logger.error("the audit ledger cannot be written", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Subtracts the bytes of a written batch. Resumes `append` if there is room again.
    private func release(_ batch: [Projection]) {
        let producer = state.withLock { state in
            if let last = batch.last { state.saved = last.revision }
            state.pendingBytes -= batch.reduce(0) { $0 + $1.memoryBytes }
            return state.isFull ? nil : state.producer.take()
        }
        producer?.resume()
    }

    /// Drops all appended revisions, because they can never be written. etcd still has them.
    private func drop(because error: StoreError) {
        let producer = state.withLock { state in
            (state.pending, state.pendingSince, state.pendingBytes) = ([], [], 0)
            state.defect = error
            return state.producer.take()
        }
        producer?.resume()
    }

    private func finish() {
        let resumed = state.withLock { state in
            state.isClosed = true
            defer { (state.producer, state.drainWaiters) = (nil, []) }
            return Resumed(producer: state.producer, drained: state.drainWaiters)
        }
        resumed.resume()
    }
}
