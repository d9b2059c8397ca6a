import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Tests of the authenticators that look at the connection: certificates, and users of this machine.
struct ConnectionAuthenticatorTests {
    private static let certificate = ClientCertificate(
        commonName: "alice", dnsNames: ["a.example.org"], emails: ["alice@example.org"],
        uris: ["spiffe://example.org/ci", "urn:x"], fingerprint: "ab12")

    private static func request(_ certificate: ClientCertificate?) -> Request {
        let tls = TLSSession(version: "TLSv1.3", certificate: certificate)
        return Request(peer: Peer(address: "192.0.2.1", tls: tls))
    }

    @Test(arguments: [
        (CertificateRule(name: .cn), "alice"), (CertificateRule(name: .dns), "a.example.org"),
        (CertificateRule(name: .email), "alice@example.org"),
        (CertificateRule(name: .uri, prefix: "spiffe://example.org/"), "ci"),
        (CertificateRule(name: .uri, prefix: "https:"), nil),
    ])
    func `the rule finds the principal`(_ rule: CertificateRule, _ principal: String?) throws {
        #expect(try rule.principal(Self.certificate) == principal)
    }

    @Test func `several names that fit, and names that are no principals, get 401`() throws {
        var spaced = Self.certificate
        spaced.commonName = "Alice Smith"
        var own = Self.certificate
        own.commonName = "policy-server"
        var empty = Self.certificate
        empty.commonName = ""
        let cases: [(CertificateRule, ClientCertificate)] = [
            (CertificateRule(name: .uri), Self.certificate), (CertificateRule(name: .cn), spaced),
            (CertificateRule(name: .cn), own), (CertificateRule(name: .cn), empty),
        ]
        for (rule, certificate) in cases {
            let problem = #expect(throws: Problem.self) { try rule.principal(certificate) }
            #expect(problem?.status == .unauthorized)
        }
    }

    @Test func `a certificate gives the grants of the file and its fingerprint`() throws {
        let authenticator = CertificateAuthenticator(
            rule: CertificateRule(name: .cn),
            grants: try TokenFixture.grants("- {principal: alice, grants: [{role: auditor}]}"))
        let identity = try authenticator.authenticate(Self.request(Self.certificate))?.identity
        #expect(
            identity
                == Identity(
                    "alice", method: .certificate, grants: [Grant(.auditor)], credential: "ab12"))
        var other = Self.certificate
        other.commonName = "mallory"
        #expect(try authenticator.authenticate(Self.request(other))?.identity?.grants == [])
        #expect(try authenticator.authenticate(Self.request(nil)) == nil)
        #expect(try authenticator.authenticate(Request()) == nil)
    }

    @Test func `a user of the machine is known by its number`() throws {
        let authenticator = UnixAuthenticator(
            grants: try TokenFixture.grants(
                "- {uid: 1000, principal: ops, grants: [{role: admin}]}"))
        func identity(_ userID: UInt32?) throws -> Identity? {
            let peer = Peer(address: "unix", userID: userID)
            return try authenticator.authenticate(Request(peer: peer))?.identity
        }
        #expect(try identity(1_000) == Identity("ops", method: .unix, grants: [Grant(.admin)]))
        #expect(try identity(0) == nil)
        #expect(try identity(nil) == nil)
    }

    @Test func `a client behind a proxy on the machine is not the user of the proxy`() async throws
    {
        let authenticator = UnixAuthenticator(
            grants: try TokenFixture.grants(
                "- {uid: 1000, principal: ops, grants: [{role: admin}]}"))
        let proxies = TrustedProxies { $0 == "unix" }
        func request(_ list: String?) throws -> Request {
            var fields = HTTPFields()
            if let list { fields[try #require(.init("X-Forwarded-For"))] = list }
            let peer = proxies.client(of: Peer(address: "unix", userID: 1_000), fields)
            return Request(headers: fields, peer: peer)
        }
        let quotas = Quotas(addresses: RateLimiter("address", quota: 2))
        let access = Access([authenticator], quotas: quotas)
        let route = Route(immediate: .get, "/v1/whoami") { _ in Response() }
        guard case .either(let handler) = access.guarding(route).handler else {
            Issue.record("the handler has another form")
            return
        }
        func status(_ list: String?) throws -> Int? {
            guard case .answer(let answer) = try handler(request(list)) else { return nil }
            return answer.status.code
        }
        // Fields that cannot be used name no client, and still show that the request is not one of the proxy's own.
        for (list, source) in [("192.0.2.1", "192.0.2.1"), ("unknown", "unix")] {
            #expect(try request(list).peer.source == source)
            #expect(try authenticator.authenticate(request(list)) == nil)
            #expect(try (0..<3).map { _ in try status(list) } == [401, 401, 429])
        }
        #expect(try status("192.0.2.2") == 401)
        #expect(try request(nil).peer.source == "unix:1000")
        #expect(try (0..<3).map { _ in try status(nil) } == [200, 200, 200])
    }
}
