import Synchronization

/// The requests that wait for the writer, in the order they came. Bounded.
final class SubmissionQueue: Sendable {
    private struct State {
        var waiting: [Submission] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameter limit: most requests that may wait at once.
    init(limit: Int) {
        self.limit = limit
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// False when the queue is full or closed.
    func append(_ submission: Submission) -> Bool {
        let isTaken = state.withLock { state in
            guard state.waiting.count < limit, !state.isClosed else { return false }
            state.waiting.append(submission)
            return true
        }
        if isTaken { signal.yield() }
        return isTaken
    }

    /// Puts members of a batch back in front, in their order.
    func putBack(_ submissions: [Submission]) {
        guard !submissions.isEmpty else { return }
        state.withLock { $0.waiting.insert(contentsOf: submissions, at: 0) }
        signal.yield()
    }

    /// Up to `count` requests, at least one; empty when the task is cancelled.
    func next(upTo count: Int) async -> [Submission] {
        var iterator = signals.makeAsyncIterator()
        while !Task.isCancelled {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(count))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            if !batch.isEmpty { return batch }
            guard await iterator.next() != nil else { return [] }
        }
        return []
    }

    var count: Int { state.withLock { $0.waiting.count } }

    /// Takes out those whose deadline has passed.
    func removeExpired(_ now: ContinuousClock.Instant) -> [Submission] {
        state.withLock { state in
            let expired = state.waiting.filter { $0.deadline <= now }
            if !expired.isEmpty { state.waiting.removeAll { $0.deadline <= now } }
            return expired
        }
    }

    /// Takes no more, and hands over what waits.
    func close() -> [Submission] {
        state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
