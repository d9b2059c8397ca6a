import Domain
import Logging
import Store
import Synchronization

/// Brings what the watch shows into the ledger, in order and in batches, and waits out a ledger that
/// cannot be written.
final class Auditor: Sendable {
    private struct State {
        var pending: [Projection] = []
        var pendingRows = 0
        /// The last revision handed over, with rows or without.
        var seen: Int64 = 0
        /// The last revision that the ledger's progress on disk says.
        var saved: Int64 = 0
        var isBusy = false
        /// Nothing is written any more.
        var isClosed = false
        var producer: CheckedContinuation<Void, Never>?
        var drainWaiters: [CheckedContinuation<Void, Never>] = []

        var isIdle: Bool { pending.isEmpty && !isBusy }
    }

    /// The last revision up to which every row is on disk; revisions without rows count as well.
    let audited = RevisionGate()
    private let ledger: AuditLedger
    private let logger: Logger
    private let clusterID = Mutex("")
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// Rows that may wait for the disk before the watch is held back.
    private static let maximumPendingRows = 20_000
    /// Rows in one SQLite transaction, roughly.
    private static let batchRows = 512

    init(ledger: AuditLedger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Starts over after revision `revision` of the cluster, which the ledger already has.
    func restart(clusterID: String, after revision: Int64) {
        self.clusterID.withLock { $0 = clusterID }
        state.withLock { ($0.seen, $0.saved) = (revision, revision) }
        audited.reset(to: revision)
        audited.advance(to: revision)
    }

    /// Takes one revision; waits while too many rows are on their way to the disk.
    func append(_ projection: Projection) async {
        await withCheckedContinuation { continuation in
            let isFull = state.withLock { state in
                state.seen = projection.revision
                // A revision without rows is only progress: it goes along with the next one.
                guard !projection.rows.isEmpty else {
                    if state.isIdle { audited.advance(to: projection.revision) }
                    return false
                }
                state.pending.append(projection)
                state.pendingRows += projection.rows.count
                guard state.pendingRows >= Self.maximumPendingRows, !state.isClosed else {
                    return false
                }
                state.producer = continuation
                return true
            }
            if !projection.rows.isEmpty { signal.yield() }
            if !isFull { continuation.resume() }
        }
    }

    /// Returns when everything handed over so far is on disk.
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
        for await _ in signals {
            while let batch = take() {
                // What follows a batch that is given up must not be written without it.
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
            state.pending.append(Projection(revision: state.seen))
            return true
        }
        if isDue { signal.yield() }
    }

    private func take() -> [Projection]? {
        let (batch, producer, drained) = state.withLock {
            state -> (
                [Projection]?, CheckedContinuation<Void, Never>?, [CheckedContinuation<Void, Never>]
            ) in
            var rows = 0
            let end =
                state.pending.firstIndex { projection in
                    rows += projection.rows.count
                    return rows > Self.batchRows
                } ?? state.pending.count
            let batch = Array(state.pending.prefix(max(end, 1)))
            state.pending.removeFirst(batch.count)
            state.pendingRows -= batch.reduce(0) { $0 + $1.rows.count }
            state.isBusy = !batch.isEmpty
            var producer: CheckedContinuation<Void, Never>?
            if state.pendingRows < Self.maximumPendingRows { swap(&producer, &state.producer) }
            guard batch.isEmpty else { return (batch, producer, []) }
            audited.advance(to: state.seen)
            defer { state.drainWaiters = [] }
            return (nil, producer, state.drainWaiters)
        }
        producer?.resume()
        for waiter in drained { waiter.resume() }
        return batch
    }

    /// Tries until the batch is on disk; false when it is given up because the task is cancelled.
    private func write(_ batch: [Projection]) async -> Bool {
        var pause = Duration.milliseconds(100)
        while await !attempt(batch) {
            if Task.isCancelled { return false }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
        return true
    }

    private func attempt(_ batch: [Projection]) async -> Bool {
        do {
            try await ledger.project(batch, clusterID: clusterID.withLock { $0 })
            if let last = batch.last {
                state.withLock { $0.saved = last.revision }
                audited.advance(to: last.revision)
            }
            return true
        } catch {
            logger.error("the audit ledger cannot be written", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func finish() {
        let (producer, waiters) = state.withLock { state in
            state.isClosed = true
            defer { (state.producer, state.drainWaiters) = (nil, []) }
            return (state.producer, state.drainWaiters)
        }
        producer?.resume()
        for waiter in waiters { waiter.resume() }
    }
}
