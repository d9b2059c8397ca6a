import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// A proof of a principal that has one role, with the server's own authenticator for it.
struct AccessProof: Sendable, CustomTestStringConvertible {
    typealias Body = @Sendable (any Authenticator, Request) async throws -> Void

    var method: AuthenticationMethod
    var principal = "p"
    var testDescription: String { method.rawValue }
    /// Runs the body with the authenticator and a request that it accepts.
    var with: @Sendable (Role, @escaping Body) async throws -> Void

    /// One proof for each authenticator that a server can have. The provider of Keystone's tokens is a stand-in here;
    /// `KeystoneTests` asks a real one.
    static let all = [
        AccessProof(method: .token) { role, body in
            let fixture = try TokenFixture()
            let token = try fixture.add("p", [Grant(role)])
            try await body(fixture.authenticator(), .authorized("Bearer \(token.secretText)"))
        },
        AccessProof(method: .certificate) { role, body in
            let certificate = ClientCertificate(commonName: "p", fingerprint: "ab")
            let tls = TLSSession(version: "TLSv1.3", certificate: certificate)
            let grants = try TokenFixture.grants(
                "- {principal: p, grants: [{role: \(role.rawValue)}]}")
            try await body(
                CertificateAuthenticator(rule: CertificateRule(name: .cn), grants: grants),
                Request(peer: Peer(address: "192.0.2.1", tls: tls)))
        },
        AccessProof(method: .unix) { role, body in
            let grants = try TokenFixture.grants(
                "- {uid: 7, principal: p, grants: [{role: \(role.rawValue)}]}")
            try await body(
                UnixAuthenticator(grants: grants), Request(peer: Peer(address: "unix", userID: 7)))
        },
        AccessProof(method: .jwt) { role, body in
            let fixture = try await JWTFixture(grants: ClaimGrants(["net-east": [Grant(role)]]))
            let token = try await TokenIssuer.trusted.value.token(claims: ["sub": "p"])
            try await body(fixture.authenticator, .authorized("Bearer \(token)"))
        },
        AccessProof(method: .keystone, principal: "alice@Default") { role, body in
            let scope: JSONValue = ["id": "1", "name": "net", "domain": ["id": "d", "name": "D"]]
            let roles: JSONValue = [["id": "1", "name": "member"]]
            let rule = KeystoneRules.Rule(
                scope: .project(id: "1"), roles: ["member"], grants: [Grant(role)])
            let validated = ProviderStub.Answer(
                body: KeystoneAnswerTests.token(["project": scope, "roles": roles]))
            try await KeystoneAnswerTests.with(
                timeout: .seconds(20), rules: { (KeystoneRules([rule]), 1) }
            ) {
                stub, authenticator, _ in
                stub.answer { KeystoneAnswerTests.answer($0) { _ in validated } }
                try await body(authenticator, Request(headers: [.authToken: "a-token"]))
            }
        },
    ]
}
