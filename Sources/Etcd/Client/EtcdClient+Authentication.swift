import GRPCCore
import SwiftProtobuf

extension EtcdClient {
    var usesTokens: Bool { configuration.credentials != nil }

    /// Returns the token for a call; nil if the server needs no token.
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

    /// Authenticates at the endpoint in use and returns the token; nil if the server does not use authentication.
    private func authenticate(
        _ credentials: EtcdConfiguration.Credentials, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> String? {
        let passwords: [String]
        do {
            passwords = try credentials.passwords()
        } catch {
            throw EtcdError(
                code: .unauthenticated,
                message: "the password of \(credentials.user) cannot be read: \(error)")
        }
        // While a password is being changed, the old one and the next one are known, and etcd accepts either.
        for password in passwords.dropLast() {
            do {
                return try await authenticate(credentials.user, password, until: deadline)
            } catch  where error.code == .unauthenticated {}
        }
        return try await authenticate(credentials.user, passwords.last ?? "", until: deadline)
    }

    private func authenticate(
        _ user: String, _ password: String, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> String? {
        let request = Etcdserverpb_AuthenticateRequest.with {
            $0.name = user
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

/// Stores the token that etcd issued for user and password. Callers that need a new token share one request. This is
/// an actor instead of a mutex, because callers wait in it for another caller's request.
actor Authenticator {
    private enum State {
        case none
        case refreshing([CheckedContinuation<Void, Never>])
        /// The current token; nil if the server does not use authentication.
        case known(String?)
    }

    private var state = State.none

    /// Returns the current token. Calls `authenticate` if there is no token, or only the `refused` one. If another
    /// caller's `authenticate` is in progress, waits for it.
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

    /// The token of a refused call; nil if the call had no token.
    struct Refusal: Sendable {
        var token: String?
    }
}
