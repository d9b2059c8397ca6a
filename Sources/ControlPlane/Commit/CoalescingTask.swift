import Synchronization

/// Runs a piece of work, one run at a time. Callers that arrive during a run share the next run. So no caller waits for
/// more than two runs.
package final class CoalescingTask: Sendable {
    private struct Turn: Sendable {
        let number: Int
        let task: Task<Void, Never>
    }

    private struct State {
        var last: Turn?
        /// The run that new callers join, because it has not begun yet.
        var next: Turn?
        /// The waiting callers of each unfinished run. The outer key is the number of the run, and the inner key is the
        /// number of the caller. The value is nil for a caller that has not suspended yet.
        var waiting: [Int: [Int: CheckedContinuation<Void, Never>?]] = [:]
        var callers = 0
    }

    // This is a mutex and not an actor, because a cancellation handler cannot wait for an actor.
    private let state = Mutex(State())

    /// Creates a task that is not running yet.
    package init() {}

    /// The number of waiting callers.
    package var waiting: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

    /// Waits for the end of a run of `body` that began after the call. Returns early if the caller is cancelled. A
    /// run is cancelled when all its callers are cancelled.
    package func run(_ body: @escaping @Sendable () async -> Void) async {
        let (turn, caller) = join(body)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.waiting[turn.number]?[caller] != nil else { return true }
                    state.waiting[turn.number]?[caller] = .some(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            leave(turn, caller)
        }
    }

    private func join(_ body: @escaping @Sendable () async -> Void) -> (Turn, caller: Int) {
        state.withLock { state in
            let turn = state.next ?? begin(&state, body)
            state.callers += 1
            state.waiting[turn.number, default: [:]].updateValue(nil, forKey: state.callers)
            return (turn, state.callers)
        }
    }

    private func begin(
        _ state: inout State, _ body: @escaping @Sendable () async -> Void
    ) -> Turn {
        let number = (state.last?.number ?? 0) + 1
        // This is an unstructured task, because a run belongs to all its callers and must survive the cancellation of a
        // single caller.
        let task = Task { [previous = state.last?.task] in
            await previous?.value
            self.state.withLock { if $0.next?.number == number { $0.next = nil } }
            if !Task.isCancelled { await body() }
            let waiting = self.state.withLock { $0.waiting.removeValue(forKey: number) }
            for case let continuation? in (waiting ?? [:]).values { continuation.resume() }
        }
        let turn = Turn(number: number, task: task)
        (state.last, state.next) = (turn, turn)
        return turn
    }

    private func leave(_ turn: Turn, _ caller: Int) {
        let (continuation, isLast) = state.withLock { state in
            guard let waiter = state.waiting[turn.number]?.removeValue(forKey: caller) else {
                return (CheckedContinuation<Void, Never>?.none, false)
            }
            guard state.waiting[turn.number]?.isEmpty == true else { return (waiter, false) }
            if state.next?.number == turn.number { state.next = nil }
            return (waiter, true)
        }
        continuation?.resume()
        if isLast { turn.task.cancel() }
    }
}
