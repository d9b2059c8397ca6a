package import Domain
package import HTTPCore

/// The rule that selects the principal from the names in a client's certificate.
package struct CertificateRule: Sendable, Equatable {
    /// The kinds of names in a certificate from which the principal can be read.
    package enum Name: String, Sendable {
        /// The common name of the subject.
        case cn
        case dns
        case email
        case uri
    }

    package var name: Name
    /// The text with which the name must begin. The principal is the rest of the name.
    package var prefix: String

    package init(name: Name, prefix: String = "") {
        self.name = name
        self.prefix = prefix
    }

    /// Returns the principal; nil if no name of the certificate fits the rule. Throws a 401 problem if several names
    /// fit, because a client could otherwise choose between them. Also throws a 401 problem if the name is not legal
    /// for a principal.
    package func principal(_ certificate: ClientCertificate) throws(Problem) -> String? {
        let names = names(certificate).filter { $0.hasPrefix(prefix) }
        guard let first = names.first else { return nil }
        guard names.count == 1 else {
            throw ProblemKind.unauthenticated.problem(
                "The client certificate has \(names.count) names that could be the principal; it must have one."
            )
        }
        let principal = String(first.dropFirst(prefix.count))
        guard Principal.isName(principal) else {
            throw ProblemKind.unauthenticated.problem(
                "The name in the client certificate is not \(Principal.form).")
        }
        return principal
    }

    private func names(_ certificate: ClientCertificate) -> [String] {
        switch name {
        case .cn: certificate.commonName.map { [$0] } ?? []
        case .dns: certificate.dnsNames
        case .email: certificate.emails
        case .uri: certificate.uris
        }
    }
}

/// Accepts client certificates that a configured authority has signed. The TLS layer has already verified the
/// certificate.
package struct CertificateAuthenticator: Authenticator {
    private let rule: CertificateRule
    private let grants: ReloadingFile<GrantTable>

    package init(rule: CertificateRule, grants: ReloadingFile<GrantTable>) {
        self.rule = rule
        self.grants = grants
    }

    package var method: AuthenticationMethod { .certificate }
    package var challenge: String? { nil }

    package func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let certificate = request.peer.tls?.certificate,
            let principal = try rule.principal(certificate)
        else { return nil }
        return .identity(
            Identity(
                principal, method: .certificate,
                grants: grants.value.grants(of: principal, method: .certificate),
                credential: certificate.fingerprint))
    }
}
