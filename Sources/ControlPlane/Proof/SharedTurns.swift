import Synchronization

/// Runs something one at a time. Whoever asks while it runs shares the one run that follows, so that callers
/// never wait for more than two.
final class SharedTurns: Sendable {
    private struct Turn: Sendable {
        let number: Int
        let task: Task<Void, Never>
    }

    private struct State {
        var last: Turn?
        /// The turn that has not begun.
        var next: Turn?
        /// Of each turn that is not over, how many wait for it.
        var waiting: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    /// How many wait now.
    var waiting: Int { state.withLock { $0.waiting.values.reduce(0, +) } }

    /// Returns when a run of `body` that began after the call has ended. A run that all who wait for it
    /// have cancelled is cancelled.
    func run(_ body: @escaping @Sendable () async -> Void) async {
        let turn = join(body)
        await withTaskCancellationHandler {
            await turn.task.value
        } onCancel: {
            leave(turn)
        }
    }

    private func join(_ body: @escaping @Sendable () async -> Void) -> Turn {
        state.withLock { state in
            let turn = state.next ?? begin(&state, body)
            state.waiting[turn.number, default: 0] += 1
            return turn
        }
    }

    private func begin(
        _ state: inout State, _ body: @escaping @Sendable () async -> Void
    ) -> Turn {
        let number = (state.last?.number ?? 0) + 1
        let task = Task { [previous = state.last?.task] in
            await previous?.value
            self.state.withLock { if $0.next?.number == number { $0.next = nil } }
            if !Task.isCancelled { await body() }
            self.state.withLock { $0.waiting[number] = nil }
        }
        let turn = Turn(number: number, task: task)
        (state.last, state.next) = (turn, turn)
        return turn
    }

    private func leave(_ turn: Turn) {
        let isLast = state.withLock { state in
            guard let count = state.waiting[turn.number] else { return false }
            state.waiting[turn.number] = count - 1
            guard count == 1 else { return false }
            if state.next?.number == turn.number { state.next = nil }
            return true
        }
        if isLast { turn.task.cancel() }
    }
}
