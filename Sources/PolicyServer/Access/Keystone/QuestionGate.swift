import Synchronization

/// Limits the number of simultaneous questions to an identity provider, and the number of callers that wait to ask one.
final class QuestionGate: Sendable {
    enum Entry: Sendable {
        case entered
        /// The maximum number of callers is already waiting.
        case full
        /// A question of another caller failed while this caller waited. This caller's question would probably fail
        /// too, after the same long time.
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

    /// Waits until the caller may ask. If the result is `.entered`, the caller must call `leave` or `leaveFailed`
    /// afterwards.
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

    /// Ends a question. The caller that has waited longest may ask next.
    func leave() {
        let next: CheckedContinuation<Entry, Never>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.active -= 1
            return nil
        }
        next?.resume(returning: .entered)
    }

    /// Ends a question that failed. All waiting callers fail too.
    func leaveFailed() {
        let failed = state.withLock { state in
            state.active -= 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in failed { continuation.resume(returning: .failed) }
    }
}
