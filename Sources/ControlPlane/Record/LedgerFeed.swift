import DequeModule
import Domain
import Etcd
import Logging
import Store
import Synchronization

/// Writes the changes that the watch shows into the ledger, in order and in batches. While the ledger cannot be
/// written it waits and tries again.
///
/// This queue is bounded in bytes and slows the watch down when the disk is slow. The ledger's own queue behind it
/// joins these batches with other rows, such as refusals, in one commit. One queue for both would let a burst of
/// refusals hold up the watch.
final class LedgerFeed: Sendable {
    private struct State {
        var pending: Deque<Projection> = []
        /// Bytes of `pending` and of the batch that is being written.
        var pendingBytes = 0
        /// The last revision handed over, with rows or without.
        var seen: Int64 = 0
        /// The last revision that the ledger's progress on disk says.
        var saved: Int64 = 0
        var isBusy = false
        /// Nothing is written any more.
        var isClosed = false
        /// The reason why no change handed over can be written, until the next `restart`.
        var defect: StoreError?
        var producer: CheckedContinuation<Void, Never>?
        var drainWaiters: [CheckedContinuation<Void, Never>] = []

        var isIdle: Bool { pending.isEmpty && !isBusy }
        var isFull: Bool { pendingBytes >= LedgerFeed.maximumPendingBytes }
    }

    /// The waiters to resume once the lock is released. Resuming them under the lock could run them at once.
    private struct Resumed {
        var producer: CheckedContinuation<Void, Never>?
        var drained: [CheckedContinuation<Void, Never>] = []

        func resume() {
            producer?.resume()
            for waiter in drained { waiter.resume() }
        }
    }

    /// The last revision up to which every row is on disk; revisions without rows count as well.
    let audited = RevisionGate()
    private let ledger: AuditLedger
    private let logger: Logger
    private let clusterID = Mutex("")
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let signal: Signal

    /// Bytes that may wait for the disk before the watch is held back, and etcd with it. One revision more
    /// fits: that of a transaction of 1.5 MiB takes some 8 MiB, since a row has its object before and after.
    static let maximumPendingBytes = 32 << 20
    /// Rows in one SQLite transaction, roughly. A commit costs one fsync however many rows it has, so batches save
    /// fsyncs. A longer transaction would delay the answers to the writes whose rows come first.
    private static let batchRows = 512
    /// Bytes in one SQLite transaction, roughly.
    private static let batchBytes = 8 << 20

    init(ledger: AuditLedger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
        (wakes, signal) = Signal.make()
    }

    /// The reason why etcd's changes cannot get into this ledger; nil if they do, and while only the disk fails.
    var defect: StoreError? { state.withLock { $0.defect } }

    /// Bytes that wait for the disk.
    var pendingBytes: Int { state.withLock { $0.pendingBytes } }

    /// Starts over after revision `revision` of the cluster, which the ledger already has.
    func restart(clusterID: String, after revision: Int64) {
        self.clusterID.withLock { $0 = clusterID }
        state.withLock { state in
            (state.seen, state.saved, state.defect) = (revision, revision, nil)
        }
        audited.reset(to: revision)
        audited.advance(to: revision)
    }

    /// Takes one revision; waits while too many bytes are on their way to the disk.
    ///
    /// Throws `clusterMismatch` when the ledger turned out to follow another cluster: what is handed over can
    /// never be written, so the ledger has to be followed anew.
    func append(_ projection: Projection) async throws(StoreError) {
        if let defect { throw defect }
        await withCheckedContinuation { continuation in
            let (isFull, isProgress) = state.withLock { state in
                state.seen = projection.revision
                // A revision without rows is only progress: it goes along with the next one.
                guard !projection.rows.isEmpty else { return (false, state.isIdle) }
                state.pending.append(projection)
                state.pendingBytes += projection.memoryBytes
                guard state.isFull, !state.isClosed else { return (false, false) }
                state.producer = continuation
                return (true, false)
            }
            if isProgress { audited.advance(to: projection.revision) }
            if !projection.rows.isEmpty { signal.raise() }
            if !isFull { continuation.resume() }
        }
    }

    /// Returns when everything handed over so far is on disk, or is known never to get there.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                guard !state.isIdle, !state.isClosed else { return true }
                state.drainWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Works until its task is cancelled; then puts what it still has on disk, if that works at once.
    func run() async {
        for await _ in wakes {
            while let batch = take() {
                // Rows must not skip a batch that was given up.
                guard await write(batch) else { return finish() }
            }
        }
        while let batch = take() {
            guard await attempt(batch) else { break }
        }
        finish()
    }

    /// Puts the progress on disk that revisions without rows have made; called now and then, so that
    /// a restart need not go far back.
    func saveProgress() {
        let isDue = state.withLock { state in
            guard state.isIdle, state.seen > state.saved else { return false }
            let progress = Projection(revision: state.seen)
            state.pending.append(progress)
            state.pendingBytes += progress.memoryBytes
            return true
        }
        if isDue { signal.raise() }
    }

    /// The next batch; nil when all is on disk.
    private func take() -> [Projection]? {
        let (batch, reached, resumed) = state.withLock { state -> ([Projection], Int64?, Resumed) in
            var (rows, bytes) = (0, 0)
            let end =
                state.pending.firstIndex { projection in
                    rows += projection.rows.count
                    bytes += projection.memoryBytes
                    return rows > Self.batchRows || bytes > Self.batchBytes
                } ?? state.pending.count
            let batch = Array(state.pending.prefix(max(end, 1)))
            state.pending.removeFirst(batch.count)
            state.isBusy = !batch.isEmpty
            guard batch.isEmpty else { return (batch, nil, Resumed()) }
            defer { state.drainWaiters = [] }
            return ([], state.seen, Resumed(drained: state.drainWaiters))
        }
        if let reached { audited.advance(to: reached) }
        resumed.resume()
        return batch.isEmpty ? nil : batch
    }

    /// Tries until the batch is on disk; false when it is given up because the task is cancelled.
    private func write(_ batch: [Projection]) async -> Bool {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        while await !attempt(batch) {
            if Task.isCancelled { return false }
            try? await Task.sleep(for: backoff.next())
        }
        return true
    }

    /// True when the batch is done with.
    private func attempt(_ batch: [Projection]) async -> Bool {
        do {
            try await ledger.project(batch, clusterID: clusterID.withLock { $0 })
            release(batch)
            if let last = batch.last { audited.advance(to: last.revision) }
            return true
        } catch  where error.code == .clusterMismatch {
            logger.error(
                "the ledger belongs to another etcd cluster; following starts anew",
                metadata: ["error": "\(error)"])
            drop(because: error)
            return true
        } catch {
            logger.error("the audit ledger cannot be written", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Makes room for what comes next.
    private func release(_ batch: [Projection]) {
        let producer = state.withLock { state in
            if let last = batch.last { state.saved = last.revision }
            state.pendingBytes -= batch.reduce(0) { $0 + $1.memoryBytes }
            return state.isFull ? nil : state.producer.take()
        }
        producer?.resume()
    }

    /// Forgets everything handed over: it can never be written, and etcd has it still.
    private func drop(because error: StoreError) {
        let producer = state.withLock { state in
            (state.pending, state.pendingBytes, state.defect) = ([], 0, error)
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
