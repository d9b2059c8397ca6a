import Synchronization

/// The one task of an exchange: it runs the handler and, if the answer is streamed, the writer of its body.
/// The connection cancels it when the client no longer waits for the answer.
///
/// It is an unstructured task and not a child of the connection's task, because the children of a group can
/// only be cancelled together. `run` owns it: `run` waits for its end and passes cancellation on to it. The task
/// inherits the task-local values of `run`, among them the graceful shutdown that streams listen to.
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

    /// Runs the body and waits for its end. Does nothing if the task was cancelled before.
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

    /// Asks the body to end early. A body that has not begun will never run.
    ///
    /// - Returns: False if the body had not begun. The caller must then answer in its place.
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
