package import Domain
package import HTTPCore

/// Accepts requests of this machine's users over a Unix domain socket. The file of grants must name the user.
package struct UnixAuthenticator: Authenticator {
    private let grants: ReloadingFile<GrantTable>

    package init(grants: ReloadingFile<GrantTable>) { self.grants = grants }

    package var method: AuthenticationMethod { .unix }
    package var challenge: String? { nil }

    package func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let userID = request.peer.userID, let user = grants.value.user(userID) else {
            return nil
        }
        return .identity(Identity(user.principal, method: .unix, grants: user.grants))
    }
}
