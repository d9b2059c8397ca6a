import GRPCCore
import SwiftProtobuf

extension EtcdClient {
    var usesTokens: Bool { configuration.credentials != nil }

    /// The token to send with a call, nil if none is needed.
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

    /// Authenticates at the endpoint in use; nil if the server does not want authentication.
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
