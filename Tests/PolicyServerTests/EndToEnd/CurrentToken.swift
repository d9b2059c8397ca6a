import PolicyServer
import Synchronization

/// The token that the clients of a load use now.
final class CurrentToken: Sendable {
    private let state: Mutex<(token: BearerToken, isDone: Bool)>

    init(_ token: BearerToken) { state = Mutex((token, false)) }

    var token: BearerToken {
        get { state.withLock { $0.token } }
        set { state.withLock { $0.token = newValue } }
    }

    var isDone: Bool { state.withLock { $0.isDone } }

    func finish() { state.withLock { $0.isDone = true } }
}
