import GRPCCore
import SwiftProtobuf

extension EtcdClient {
    var usesTokens: Bool { configuration.credentials != nil }

    /// Returns the token for a call; nil if the server needs no token. Requests a new token if the server has refused
    /// the current one (`refused`).
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
        // Tries the passwords one after another. While a password is being changed, both the old and the new password
        // are configured, and etcd may accept either of them.
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

/// Stores the token that etcd issued for the user and the password. Callers that need a new token at the same time
/// share one request. The type is an actor and not a class with a mutex, because callers wait for the request of
/// another caller.
actor Authenticator {
    private enum State {
        case none
        case refreshing([CheckedContinuation<Void, Never>])
        /// The current token; nil if the server does not use authentication.
        case known(String?)
    }

    private var state = State.none

    /// Returns the current token. Calls `authenticate` if there is no token, or if the current token is the `refused`
    /// one. If `authenticate` of another caller is in progress, waits for its result first.
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

    /// A refusal of a call because of its token. `token` is nil if the call had no token.
    struct Refusal: Sendable {
        var token: String?
    }
}
