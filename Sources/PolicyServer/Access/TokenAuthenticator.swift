package import Domain
package import HTTPCore

/// The tokens of the token file, by their ids.
package struct TokenTable: Sendable {
    /// The stored data of a token. The identity is made when the file is read, so that requests need not make it.
    private struct Entry {
        var hash: TokenHash
        var identity: Identity
    }

    private let entries: [TokenID: Entry]

    package init(_ tokens: [StoredToken]) {
        entries = Dictionary(
            tokens.map { token in
                let identity = Identity(
                    token.principal, method: .token, grants: token.grants,
                    credential: token.id.description, expires: token.expires)
                return (token.id, Entry(hash: token.hash, identity: identity))
            }
        ) { first, _ in first }
    }

    package var count: Int { entries.count }

    /// Returns the identity of the token, which may have expired. Returns nil if no token has this id and secret. The
    /// call takes equally long for an unknown id and for a wrong secret, so the time does not reveal whether an id
    /// exists.
    package func find(_ token: BearerToken) -> Identity? {
        let entry = entries[token.id]
        let isMatch = (entry?.hash ?? .ofNothing).matches(token)
        return isMatch ? entry?.identity : nil
    }
}

/// Accepts the tokens of the file that `--token-file` names, as Bearer credentials (RFC 6750). Bearer credentials of
/// other forms are left to other authenticators.
package struct TokenAuthenticator: Authenticator {
    private let file: ReloadingFile<TokenTable>
    private let now: @Sendable () -> Timestamp

    package init(file: ReloadingFile<TokenTable>, now: @escaping @Sendable () -> Timestamp) {
        self.file = file
        self.now = now
    }

    package var method: AuthenticationMethod { .token }
    package var challenge: String? { AuthorizationField.bearerChallenge }

    package func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let text = try AuthorizationField.bearer(request),
            text.hasPrefix(BearerToken.prefix)
        else { return nil }
        guard let token = BearerToken(text) else {
            throw .invalidToken("The token does not have the form ps_ID_SECRET.")
        }
        guard let identity = file.value.find(token) else {
            throw .invalidToken("The token is unknown. It may have been revoked.")
        }
        if let end = identity.expires, now() >= end {
            throw .invalidToken("The token \(token.id) has expired.")
        }
        return .identity(identity)
    }
}
