import GRPCCore
import SwiftProtobuf

extension EtcdClient {
    var usesTokens: Bool { configuration.credentials != nil }

    /// Returns the token to send with a call; nil if the server needs none.
    func token(
        insteadOf refused: Authenticator.Refusal? = nil, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> String? {
        guard let credentials = configuration.credentials else { return nil }
        do {
            return try await authenticator.token(insteadOf: refused) {
                try await authenticate(credentials, until: deadline)
            }
        } catch {
            throw EtcdError(error, mayBeApplied: false)
        }
    }

    /// Authenticates at the endpoint in use; returns nil if the server does not use authentication.
    private func authenticate(
        _ credentials: EtcdConfiguration.Credentials, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> String? {
        let password: String
        do {
            password = try credentials.password()
        } catch {
            throw EtcdError(
                code: .unauthenticated,
                message: "the password of \(credentials.user) cannot be read: \(error)")
        }
        let request = Etcdserverpb_AuthenticateRequest.with {
            $0.name = credentials.user
            $0.password = password
        }
        do {
            let response: Etcdserverpb_AuthenticateResponse = try await attempt(
                Etcdserverpb_Auth.Method.Authenticate.descriptor, request, .read(),
                on: pool.inUse.endpoint, token: nil,
                timeout: ContinuousClock.now.duration(to: deadline), isSupervised: true)
            return response.token
        } catch  where error.message == "etcdserver: authentication is not enabled" {
            return nil
        }
    }
}

/// Holds the token that etcd issued for user and password. Callers that need a new one share one request. It is an
/// actor and not a mutex, because callers wait in it for the request of another.
actor Authenticator {
    private enum State {
        case none
        case refreshing([CheckedContinuation<Void, Never>])
        /// Nil if the server does not use authentication.
        case known(String?)
    }

    private var state = State.none

    /// Returns the current token. Calls `authenticate` if there is no token or only the `refused` one. Waits if
    /// another caller's `authenticate` is in progress.
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

    /// The token of a refused call; nil if it had none.
    struct Refusal: Sendable {
        var token: String?
    }
}
