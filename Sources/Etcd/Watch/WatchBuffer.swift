import Synchronization

/// The buffer between the stream of a watch and its reader. The buffer merges the batches that the reader has not taken
/// yet. The writer must wait while these batches hold at least `limit` bytes.
///
/// The state is in a mutex and not in an actor, because cancellation handlers must change the state without waiting.
final class WatchBuffer: Sendable {
    private struct State {
        var pending: WatchBatch?
        var pendingBytes = 0
        var failure: (any Error)?
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?

        mutating func append(_ batch: WatchBatch, bytes: Int) {
            pendingBytes += bytes
            guard pending != nil else {
                pending = batch
                return
            }
            pending?.revisions += batch.revisions
            pending?.progressRevision = batch.progressRevision
            pending?.resumedAfter += batch.resumedAfter
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a batch. Waits while the buffer is full. `bytes` is the memory that the batch uses.
    func send(_ batch: WatchBatch, bytes: Int) async throws(EtcdError) {
        while true {
            let (isFull, reader) = state.withLock { state in
                guard state.pending == nil || state.pendingBytes < limit else {
                    return (true, CheckedContinuation<Void, Never>?.none)
                }
                state.append(batch, bytes: bytes)
                return (false, state.reader.take())
            }
            reader?.resume()
            guard isFull else { return }
            await wait(in: \.writer) { $0.pending != nil && $0.pendingBytes >= self.limit }
            if Task.isCancelled { throw .cancelled }
        }
    }

    /// Ends the sequence with `error`. The reader gets the buffered changes first.
    func fail(_ error: any Error) {
        let reader = state.withLock { state in
            state.failure = state.failure ?? error
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Returns all buffered changes, merged into one batch. Waits until there are changes.
    func next() async throws -> WatchBatch {
        while true {
            let (batch, failure, writer) = state.withLock { state in
                state.pendingBytes = 0
                return (state.pending.take(), state.failure, state.writer.take())
            }
            writer?.resume()
            if let batch { return batch }
            if let failure { throw failure }
            if Task.isCancelled { throw EtcdError.cancelled }
            await wait(in: \.reader) { $0.pending == nil && $0.failure == nil }
        }
    }

    /// Stores a continuation in the property `path` of the state. Suspends until the other side resumes the
    /// continuation, or until the task is cancelled. Returns at once if `condition` is false.
    private func wait(
        in path: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
        while condition: @Sendable (borrowing State) -> Bool
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    guard condition(state), !Task.isCancelled else { return true }
                    state[keyPath: path] = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0[keyPath: path].take() }?.resume()
        }
    }
}

/// The changes of one watch, for one reader. A slow reader gets many revisions in one batch. The server waits while
/// the buffer is full.
package struct WatchBatches: AsyncSequence, Sendable {
    package typealias Element = WatchBatch

    private let buffer: WatchBuffer

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let buffer: WatchBuffer

        /// Returns the next batch, never nil. Throws `EtcdError` if the watch cannot continue.
        package mutating func next() async throws -> WatchBatch? {
            try await buffer.next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(buffer: buffer)
    }
}

/// The writing side of a watch, for implementations of `KeyValueStore.watch`.
package struct WatchSink: Sendable {
    fileprivate let buffer: WatchBuffer

    /// Adds a batch to the buffer. Waits while the buffer is full.
    package func send(_ batch: WatchBatch) async throws(EtcdError) {
        try await buffer.send(batch, bytes: batch.memoryBytes)
    }
}

extension WatchBatches {
    /// Runs `consume` and `produce` concurrently and ends when `consume` ends. If `produce` throws, the reader gets the
    /// changes that were sent before, and then the error.
    package static func withPipe<Result: Sendable>(
        bufferBytes: Int = 4 << 20,
        produce: @escaping @Sendable (WatchSink) async throws -> Void,
        consume: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result {
        let buffer = WatchBuffer(limit: bufferBytes)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    try await produce(WatchSink(buffer: buffer))
                    buffer.fail(EtcdError(code: .internal, message: "the watch ended"))
                } catch {
                    buffer.fail(error)
                }
            }
            return try await consume(WatchBatches(buffer: buffer))
        }
    }
}

extension WatchBatch {
    /// The approximate memory of the batch, in bytes.
    var memoryBytes: Int {
        revisions.reduce(64) { sum, revision in
            revision.events.reduce(sum + 32) { $0 + $1.memoryBytes }
        }
    }
}

extension WatchEvent {
    fileprivate var memoryBytes: Int {
        160 + keyValue.key.bytes.count + keyValue.value.count + (previous?.value.count ?? 0)
    }
}
