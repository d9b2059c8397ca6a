import Synchronization

/// Bounds the number of simultaneous questions and of those that wait.
final class QuestionGate: Sendable {
    enum Entry: Sendable {
        case entered
        /// Too many others wait already.
        case full
        /// A question failed while this one waited. It would probably fail too, after the same long time.
        case failed
    }

    private struct State {
        var active = 0
        var waiting: [CheckedContinuation<Entry, Never>] = []
    }

    private let active: Int
    private let waiting: Int
    private let state = Mutex(State())

    init(active: Int, waiting: Int) {
        self.active = active
        self.waiting = waiting
    }

    /// Waits for a place. After `.entered` the caller must call `leave` or `leaveFailed`.
    func enter() async -> Entry {
        await withCheckedContinuation { continuation in
            let entry: Entry? = state.withLock { state in
                if state.active < active {
                    state.active += 1
                    return .entered
                }
                guard state.waiting.count < waiting else { return .full }
                state.waiting.append(continuation)
                return nil
            }
            if let entry { continuation.resume(returning: entry) }
        }
    }

    /// Gives the place to the one that has waited longest.
    func leave() {
        let next: CheckedContinuation<Entry, Never>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.active -= 1
            return nil
        }
        next?.resume(returning: .entered)
    }

    /// Gives up the place after a failure, and fails everyone who waits.
    func leaveFailed() {
        let failed = state.withLock { state in
            state.active -= 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in failed { continuation.resume(returning: .failed) }
    }
}
