/// The changes of one watch, for one reader. A reader that falls behind gets many revisions in one
/// batch, and the server is made to wait when the buffer is full.
package struct WatchBatches: AsyncSequence, Sendable {
    package typealias Element = WatchBatch

    private let buffer: WatchBuffer

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let buffer: WatchBuffer

        /// Never nil; throws `EtcdError` when the watch cannot go on.
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

    /// Hands over a batch; waits while the reader is too far behind.
    package func send(_ batch: WatchBatch) async throws(EtcdError) {
        try await buffer.send(batch, bytes: batch.memoryBytes)
    }
}

extension WatchBatches {
    /// Runs `consume` beside `produce` and ends when `consume` does; an error of `produce` is
    /// thrown to the reader after what was sent before.
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
    /// Roughly what the batch occupies in memory.
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
