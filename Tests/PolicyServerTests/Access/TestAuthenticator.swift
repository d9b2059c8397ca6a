import Domain
import HTTPCore
import HTTPTypes
import PolicyServer

/// Takes a bearer token for the name of an identity.
struct TestAuthenticator: Authenticator {
    let identities: [String: Identity]
    let method = AuthenticationMethod.token
    let challenge: String? = "Bearer"

    /// - Parameter grants: The grants of each principal. The token of a principal is its name.
    init(_ grants: [String: [Grant]]) {
        identities = Dictionary(
            uniqueKeysWithValues: grants.map { name, grants in
                (name, Identity(name, method: .token, grants: grants))
            })
    }

    func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        let words = request.headers[.authorization]?.split(separator: " ") ?? []
        return words.last.flatMap { identities[String($0)] }.map(Authentication.identity)
    }
}
