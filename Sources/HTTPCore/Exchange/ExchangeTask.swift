import Synchronization

/// The one task of an exchange: it runs the handler and, when the answer is streamed, the writer of its body.
/// The wire cancels it when nobody waits for the answer any more.
///
/// A task of its own and not a child of the connection's, since the children of a group can only be cancelled
/// all together. `run` owns it: it waits for its end, hands on its own cancellation, and the task inherits
/// what is local to `run`'s (the graceful shutdown that handlers of streams listen to).
final class ExchangeTask: Sendable {
    /// `waiting` → `running` → `over`, or `waiting` → `over` when the client has left before its turn.
    private enum State {
        case waiting(@Sendable () async -> Void)
        case running(Task<Void, Never>)
        case over
    }

    private let state: Mutex<State>

    init(_ body: @escaping @Sendable () async -> Void) {
        state = Mutex(.waiting(body))
    }

    /// Runs the body, unless it was cancelled before; returns when it has ended.
    func run() async {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard case .waiting(let body) = state else { return nil }
            let task = Task { await body() }
            state = .running(task)
            return task
        }
        guard let task else { return }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        state.withLock { $0 = .over }
    }

    /// Asks the body to end early; one that has not begun never will.
    ///
    /// - Returns: Whether it had begun: nobody answers for one that had not.
    @discardableResult
    func cancel() -> Bool {
        state.withLock { state in
            switch state {
            case .waiting:
                state = .over
                return false
            case .running(let task):
                task.cancel()
                return true
            case .over:
                return true
            }
        }
    }
}
