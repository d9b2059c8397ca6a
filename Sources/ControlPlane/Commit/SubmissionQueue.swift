import Domain
import Synchronization

/// The writes that wait for the writer, in order of arrival. A limit on their number bounds the waiting time of the
/// last write. A limit on their bytes bounds the memory that large manifests take.
package final class SubmissionQueue: Sendable {
    private struct State {
        var waiting: [Submission] = []
        var bytes = 0
        var isClosed = false
    }

    // This is a mutex and not an actor, so that `append` takes effect at once. The writer then finds as many waiting
    // writes as possible for one batch.
    private let state = Mutex(State())
    private let limit: Int
    private let byteLimit: Int
    private let wakes: AsyncStream<Void>
    private let signal: Signal

    /// - Parameters:
    ///   - limit: The largest number of waiting writes.
    ///   - byteLimit: The largest sum of the bytes of all waiting writes; see `Submission.cost`.
    package init(limit: Int, byteLimit: Int) {
        self.limit = limit
        self.byteLimit = byteLimit
        (wakes, signal) = Signal.make()
    }

    /// Appends the submission. Returns false if the queue is full or closed. An empty queue accepts a submission of
    /// any size.
    package func append(_ submission: Submission) -> Bool {
        let isTaken = state.withLock { state in
            guard state.waiting.count < limit, !state.isClosed,
                state.bytes == 0 || state.bytes + submission.cost <= byteLimit
            else { return false }
            state.waiting.append(submission)
            state.bytes += submission.cost
            return true
        }
        if isTaken { signal.raise() }
        return isTaken
    }

    /// Puts members of a batch back at the front, in their order. The limits do not apply, because these writes were
    /// accepted before.
    package func putBack(_ submissions: [Submission]) {
        guard !submissions.isEmpty else { return }
        state.withLock { state in
            state.waiting.insert(contentsOf: submissions, at: 0)
            state.bytes += submissions.reduce(0) { $0 + $1.cost }
        }
        signal.raise()
    }

    /// Puts members of a batch back at the end. The limits do not apply, because these writes were accepted before.
    func putBehind(_ submissions: [Submission]) {
        guard !submissions.isEmpty else { return }
        state.withLock { state in
            state.waiting += submissions
            state.bytes += submissions.reduce(0) { $0 + $1.cost }
        }
        signal.raise()
    }

    /// Waits until the queue has at least one write. Removes and returns the first `count` writes, or all if there are
    /// fewer. Returns an empty array if the task is cancelled.
    package func next(upTo count: Int) async -> [Submission] {
        var iterator = wakes.makeAsyncIterator()
        while !Task.isCancelled {
            let batch = state.withLock { state in
                // Removes the submissions that are already answered, for example because the client has disconnected.
                Self.take(&state) { $0.isAnswered }
                let batch = Array(state.waiting.prefix(count))
                state.waiting.removeFirst(batch.count)
                state.bytes -= batch.reduce(0) { $0 + $1.cost }
                return batch
            }
            if !batch.isEmpty { return batch }
            guard await iterator.next() != nil else { return [] }
        }
        return []
    }

    /// The number of waiting submissions.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Removes and returns the submissions that have reached their deadline.
    func removeExpired(_ now: ContinuousClock.Instant) -> [Submission] {
        state.withLock { Self.take(&$0) { $0.deadline <= now } }
    }

    /// Closes the queue and returns the waiting submissions.
    func close() -> [Submission] {
        state.withLock { state in
            state.isClosed = true
            return Self.take(&state) { _ in true }
        }
    }

    @discardableResult
    private static func take(
        _ state: inout State, where isTaken: (Submission) -> Bool
    ) -> [Submission] {
        var (taken, kept): ([Submission], [Submission]) = ([], [])
        for submission in state.waiting {
            if isTaken(submission) { taken.append(submission) } else { kept.append(submission) }
        }
        state.waiting = kept
        state.bytes -= taken.reduce(0) { $0 + $1.cost }
        return taken
    }
}
