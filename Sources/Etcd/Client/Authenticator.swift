/// Keeps the token that etcd gave for user and password, and gets a new one once for all callers.
actor Authenticator {
    private enum State {
        case none
        case refreshing([CheckedContinuation<Void, Never>])
        /// nil: the server does not ask for authentication.
        case known(String?)
    }

    private var state = State.none

    /// The current token; `authenticate` is asked if there is none, or only the `refused` one.
    /// Waits at most as long as somebody else's `authenticate` takes.
    func token(
        insteadOf refused: Refusal? = nil, authenticate: @Sendable () async throws -> String?
    ) async throws -> String? {
        while case .refreshing(var waiting) = state {
            await withCheckedContinuation { continuation in
                waiting.append(continuation)
                state = .refreshing(waiting)
            }
        }
        if case .known(let token) = state, refused == nil || refused?.token != token {
            return token
        }
        state = .refreshing([])
        do {
            let token = try await authenticate()
            finish(.known(token))
            return token
        } catch {
            finish(.none)
            throw error
        }
    }

    private func finish(_ new: State) {
        if case .refreshing(let waiting) = state { waiting.forEach { $0.resume() } }
        state = new
    }

    /// The token, maybe none, that a call was refused with.
    struct Refusal: Sendable {
        var token: String?
    }
}
