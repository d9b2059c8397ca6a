import Foundation
import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// TLS with clients that are not of this project.
@Suite(.timeLimit(.minutes(2))) struct TLSTests {
    @Test func `curl is served over TLS 1.3, with HSTS`() async throws {
        let fixture = try TLSFixture()
        try await TestServer.withTLS(fixture.files) { server, _ in
            for (option, version) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
                let answer = try await fixture.curl(server.client.port, "/whoami", "-i", option)
                #expect(answer.output.hasPrefix(version))
                #expect(
                    answer.output.lowercased()
                        .contains("strict-transport-security: max-age=1000\r\n"))
                #expect(answer.output.hasSuffix("TLSv1.3 -"))
                let refused = try await fixture.curl(server.client.port, "/nothing", "-i", option)
                #expect(
                    refused.output.lowercased()
                        .contains("strict-transport-security: max-age=1000\r\n"))
            }
            // curl does not know the authority.
            let stranger = try await TestCommand.run(
                "curl", ["-sS", "https://127.0.0.1:\(server.client.port)/whoami"])
            #expect(stranger.status == 60)
        }
        try await TestServer.with([.hello]) { server in
            let answer = try await server.client.send(.get, "/hello")
            #expect(answer.headers[.strictTransportSecurity] == nil)
        }
    }

    @Test(arguments: [
        (["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], false),
        (["-tls1_2"], true), (["-tls1_3"], true),
        // Neither forward secrecy nor authenticated encryption.
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA@SECLEVEL=0"], false),
        (["-tls1_2", "-cipher", "AES128-GCM-SHA256@SECLEVEL=0"], false),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], true),
    ])
    func `only TLS 1.2 and 1.3 with sound suites are accepted`(
        arguments: [String], isAccepted: Bool
    ) async throws {
        let fixture = try TLSFixture()
        try await TestServer.withTLS(fixture.files) { server, _ in
            let result = try await TestCommand.run(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(server.client.port)", "-CAfile",
                    fixture.authority.certificate,
                ] + arguments)
            #expect((result.status == 0) == isAccepted, "\(result.output)")
            if isAccepted { #expect(result.output.contains("Verify return code: 0 (ok)")) }
        }
    }

    @Test func `a client may offer protocols that the server does not have`() async throws {
        let fixture = try TLSFixture()
        try await TestServer.withTLS(fixture.files) { server, _ in
            let port = server.client.port
            let known = try await fixture.handshake(port, "-alpn", "spdy/1,http/1.1")
            #expect(known.output.contains("ALPN protocol: http/1.1"))
            // The order of the server counts.
            let both = try await fixture.handshake(port, "-alpn", "http/1.1,h2")
            #expect(both.output.contains("ALPN protocol: h2"))
            let unknown = try await fixture.handshake(port, "-alpn", "spdy/1")
            #expect(unknown.status == 0)
        }
    }

    @Test func `the names in the certificate are names of the server`() async throws {
        let fixture = try TLSFixture(names: ["policy.example.org", "*.api.example.org"])
        try await TestServer.withTLS(fixture.files) { server, _ in
            let port = server.client.port
            for (name, status) in [
                ("policy.example.org", "200"), ("east.api.example.org", "200"),
                ("a.east.api.example.org", "421"), ("evil.example", "421"),
            ] {
                let answer = try await TestCommand.run(
                    "curl",
                    [
                        "-ksS", "-o", "/dev/null", "-w", "%{http_code}", "--resolve",
                        "\(name):\(port):127.0.0.1", "https://\(name):\(port)/whoami",
                    ])
                #expect(answer.output == status, "\(name)")
            }
        }
    }

    @Test func `a client without TLS is closed, and the log says why`() async throws {
        let fixture = try TLSFixture()
        let log = LineLog()
        try await TestServer.withTLS(fixture.files, log: log) { server, _ in
            let port = server.client.port
            let plain = try await TestCommand.run(
                "curl", ["-sS", "http://127.0.0.1:\(port)/whoami"])
            #expect(plain.status != 0)
            try await eventually("the log names the reason") {
                log.lines.contains {
                    $0.hasPrefix("debug TLS handshake failed")
                        && $0.contains("the client speaks HTTP without TLS")
                }
            }
            let answer = try await fixture.curl(port)
            #expect(answer.output == "TLSv1.3 -")
        }
    }

    @Test func `a silent client is closed when the handshake's time is over`() async throws {
        let fixture = try TLSFixture()
        let log = LineLog()
        var limits = HTTPServer.Limits()
        limits.handshakeTimeout = .milliseconds(100)
        try await TestServer.withTLS(fixture.files, limits: limits, log: log) { server, _ in
            let raw = try await server.client.withRawConnection { connection in
                try await connection.receiveAll()
            }
            #expect(raw.isEmpty)
            try await eventually("the log names the reason") {
                log.lines.contains { $0.contains("the handshake took too long") }
            }
        }
    }

    @Test func `handshakes that never end cannot lock others out`() async throws {
        let fixture = try TLSFixture()
        var limits = HTTPServer.Limits()
        limits.connections = 8
        try await TestServer.withTLS(fixture.files, limits: limits) { server, _ in
            let silent = try await TestCommand.run(
                "python3",
                [
                    "-c",
                    """
                    import socket, subprocess, sys
                    open = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(30)]
                    sys.exit(subprocess.run(["curl", "-sSk", f"https://127.0.0.1:{sys.argv[1]}/whoami"]).returncode)
                    """, "\(server.client.port)",
                ])
            #expect(silent.status == 0, "\(silent.output)")
            #expect(silent.output == "TLSv1.3 -")
        }
    }

    @Test func `a shutdown ends handshakes at once and answers requests`() async throws {
        let fixture = try TLSFixture()
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let slow = Route(.get, "/slow") { _ in
            hasBegun.open()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        try await TestServer.withTLS(fixture.files, routes: [slow]) { server, _ in
            async let answer = fixture.curl(server.client.port, "/slow")
            await hasBegun.wait()
            try await server.client.withRawConnection { connection in
                await server.shutDown()
                let rest = try await connection.receiveAll()
                #expect(rest.isEmpty)
            }
            mayEnd.open()
            #expect(try await answer.output == "done")
        }
    }
}
