import Synchronization

/// The addresses a server has been bound to, for those who wait for them.
final class BoundAddresses: Sendable {
    private enum State {
        case waiting([CheckedContinuation<[ListenAddress], any Error>])
        case done(Result<[ListenAddress], any Error>)
    }

    private let state = Mutex(State.waiting([]))

    /// Waits until the server is bound; throws what kept it from that.
    var value: [ListenAddress] {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<[ListenAddress], any Error>? in
                    switch state {
                    case .done(let result): return result
                    case .waiting(let waiting):
                        state = .waiting(waiting + [continuation])
                        return nil
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }

    func resolve(_ result: Result<[ListenAddress], any Error>) {
        let waiting = state.withLock { state in
            guard case .waiting(let waiting) = state else {
                return [CheckedContinuation<[ListenAddress], any Error>]()
            }
            state = .done(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}
