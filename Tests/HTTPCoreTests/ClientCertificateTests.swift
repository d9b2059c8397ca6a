import Foundation
import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// Certificates of clients, shown by curl and openssl.
@Suite(.timeLimit(.minutes(2))) struct ClientCertificateTests {
    private static let good =
        "TLSv1.3 good good.example.org good@example.org spiffe://example.org/good"

    @Test func `only a valid certificate of a configured authority is accepted`() async throws {
        let fixture = try TLSFixture()
        let list = fixture.directory.file("crl.pem")
        try await fixture.authority.revoke([7], file: list)
        let other = try TestAuthority("other", in: fixture.directory)
        let log = LineLog()
        let cases: [(TestAuthority.Files?, String)] = [
            (nil, "the client has no certificate"),
            (
                try fixture.authority.issueClient("expired", lifetime: -60),
                "the client's certificate has expired, or no authority"
            ),
            (try other.issueClient("stranger"), "no authority of --tls-client-ca has signed it"),
            (
                try fixture.authority.issueClient("revoked", serial: 7),
                "the client's certificate is revoked"
            ),
            // A certificate for servers.
            (fixture.server, "the client's certificate"),
        ]
        let good = try fixture.authority.issueClient("good")
        try await TestServer.withTLS(
            fixture.files(.required, revocations: list), log: log
        ) { server, _ in
            for (client, reason) in cases {
                let answer = try await fixture.curl(server.client.port, as: client)
                #expect(answer.status != 0, "\(answer.output)")
                try await eventually("the log says: \(reason)") {
                    log.lines.contains { $0.contains(reason) }
                }
            }
            #expect(try await fixture.curl(server.client.port, as: good).output == Self.good)
        }
    }

    @Test func `an optional certificate may be absent but not wrong`() async throws {
        let fixture = try TLSFixture()
        let good = try fixture.authority.issueClient("good")
        let wrong = try TestAuthority("other", in: fixture.directory).issueClient("stranger")
        try await TestServer.withTLS(fixture.files(.optional)) { server, _ in
            let port = server.client.port
            let none = try await fixture.curl(port, as: nil)
            #expect(none.output == "TLSv1.3 -")
            #expect(try await fixture.curl(port, as: good).output == Self.good)
            #expect(try await fixture.curl(port, as: wrong).status != 0)
        }
    }

    @Test func `the fingerprint is the one that openssl shows`() async throws {
        let fixture = try TLSFixture()
        let good = try fixture.authority.issueClient("good")
        let route = Route(immediate: .get, "/whoami") { request in
            let text = request.peer.tls?.certificate?.fingerprint ?? ""
            return Response(contentType: "text/plain", Array(text.utf8))
        }
        try await TestServer.withTLS(fixture.files(.required), routes: [route]) { server, _ in
            let answer = try await fixture.curl(server.client.port, as: good)
            let shown = try await TestCommand.run(
                "openssl",
                ["x509", "-in", good.certificate, "-noout", "-fingerprint", "-sha256"])
            let fingerprint = shown.output.drop { $0 != "=" }.dropFirst()
                .filter { $0 != ":" && !$0.isNewline }.lowercased()
            #expect(answer.output == fingerprint)
            #expect(fingerprint.count == 64)
        }
    }

    /// A resumed session skips the verification of the certificate.
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `a resumed session does not outlive the revocation`(version: String) async throws {
        let fixture = try TLSFixture()
        let list = fixture.directory.file("crl.pem")
        try await fixture.authority.revoke([], file: list)
        let client = try fixture.authority.issueClient("good", serial: 9)
        let session = fixture.directory.file("session")
        try await TestServer.withTLS(fixture.files(.required, revocations: list)) { server, tls in
            let arguments = ["-cert", client.certificate, "-key", client.key, version]
            func request(_ session: [String]) async throws -> TestCommand {
                // The request makes the client read, so that it receives its ticket.
                let command =
                    "(printf 'GET /whoami HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1)"
                    + " | openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:\(server.client.port) "
                    + (arguments + session).joined(separator: " ")
                return try await TestCommand.run("bash", ["-c", command])
            }
            let first = try await request(["-sess_out", session])
            #expect(first.output.contains("200 OK"), "\(first.output)")
            let resumed = try await request(["-sess_in", session])
            #expect(resumed.output.contains("200 OK"), "\(resumed.output)")
            try await fixture.authority.revoke([9], file: list)
            tls.reload()
            let late = try await request(["-sess_in", session])
            #expect(!late.output.contains("200 OK"))
        }
    }

    @Test func `a list of an unknown authority is refused`() async throws {
        let fixture = try TLSFixture()
        let list = fixture.directory.file("crl.pem")
        try await TestAuthority("other", in: fixture.directory).revoke([1], file: list)
        let error = #expect(throws: TLSFileError.self) {
            try TLSCredentials(fixture.files(.required, revocations: list), logger: .silent)
        }
        #expect(error?.part == .revocations)
        #expect(
            error?.description.contains("but no authority of --tls-client-ca has signed it") == true
        )
    }

    @Test(arguments: ["", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "no PEM"])
    func `a damaged list is refused`(text: String) throws {
        let fixture = try TLSFixture()
        let list = fixture.directory.file("crl.pem")
        try Data(text.utf8).write(to: URL(fileURLWithPath: list))
        let error = #expect(throws: TLSFileError.self) {
            try TLSCredentials(fixture.files(.required, revocations: list), logger: .silent)
        }
        #expect(error?.part == .revocations)
    }
}
