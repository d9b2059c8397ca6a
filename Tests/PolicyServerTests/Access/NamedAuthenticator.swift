import Domain
import HTTPCore
import HTTPTypes
import PolicyServer

/// Believes the name in the field X-Test-Principal and gives it the identity from a list. It stands for every method
/// of authentication: some answer at once, others later.
struct NamedAuthenticator: Authenticator {
    var identities: [String: Identity]

    let method = AuthenticationMethod.token
    let challenge: String? = "Test"

    func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let field = HTTPField.Name("X-Test-Principal"), let name = request.headers[field]
        else { return nil }
        guard let identity = identities[name] else {
            throw ProblemKind.unauthenticated.problem("There is no principal \(name).")
        }
        switch identity.method {
        case .jwt, .keystone: return .later { identity }
        case .none, .asserted, .token, .certificate, .unix: return .identity(identity)
        }
    }
}

/// The callers of a test.
struct Callers: Sendable {
    var identities: [String: Identity] = [:]

    /// The rules with these callers. Failed attempts do not close the address that all callers share.
    var access: Access {
        var limits = FailedAttempts.Limits()
        limits.free = .max
        return Access(
            [NamedAuthenticator(identities: identities)], limiter: AttemptLimiter(limits: limits))
    }

    /// Adds a caller with one grant. Returns the header that the caller sends.
    mutating func add(
        _ name: String, _ grants: Grant..., method: AuthenticationMethod = .token
    ) -> (String, String) {
        identities[name] = Identity(name, method: method, grants: grants)
        return ("X-Test-Principal", name)
    }
}
