import Synchronization

/// The only task of an exchange. It runs the handler and, for a streamed answer, the writer of its body. The connection
/// cancels the task when the client stops waiting for the answer.
///
/// The task is unstructured instead of a child of the connection's task, because the children of a group can only be
/// cancelled together. `run` owns the task: `run` waits until the task ends, and passes cancellation on to the task.
/// The task inherits the task-local values of `run`, including the value that tells a streamed answer about a graceful
/// shutdown.
final class ExchangeTask: Sendable {
    /// The states change from `waiting` to `running` to `over`. If the task is cancelled before it runs, the state
    /// changes directly from `waiting` to `over`.
    private enum State {
        case waiting(@Sendable () async -> Void)
        case running(Task<Void, Never>)
        case over
    }

    // The state is in a mutex and not in an actor, because the event loop calls `cancel` and cannot wait for an actor.
    private let state: Mutex<State>

    init(_ body: @escaping @Sendable () async -> Void) {
        state = Mutex(.waiting(body))
    }

    /// Runs the closure `body` of the task and waits for its end. Does nothing if the task has already been cancelled.
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

    /// Asks the closure `body` of the task to end early. If the closure has not begun, it will never run.
    ///
    /// - Returns: False if the closure had not begun. The caller must then send the answer instead.
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
