import Foundation
import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// The reload of the TLS files.
@Suite(.timeLimit(.minutes(2))) struct TLSReloadTests {
    /// Returns the serial number of the certificate that the server shows.
    private static func serial(_ fixture: TLSFixture, _ port: Int) async throws -> String {
        let shown = try await fixture.handshake(port)
        let file = fixture.directory.file("shown.pem")
        let lines = shown.output.split(separator: "\n", omittingEmptySubsequences: false)
        let start = lines.firstIndex { $0.hasPrefix("-----BEGIN CERTIFICATE") } ?? 0
        let end = lines.firstIndex { $0.hasPrefix("-----END CERTIFICATE") } ?? 0
        try Data(lines[start...max(start, end)].joined(separator: "\n").utf8)
            .write(to: URL(fileURLWithPath: file))
        let text = try await TestCommand.run(
            "openssl", ["x509", "-in", file, "-noout", "-serial"])
        return text.output.trimmingCharacters(in: .newlines)
    }

    @Test func `a reload under load drops no request`() async throws {
        let fixture = try TLSFixture()
        try await TestServer.withTLS(fixture.files, routes: [.hello]) { server, tls in
            let port = server.client.port
            #expect(try await Self.serial(fixture, port) == "serial=01")
            // One client keeps its connection, the other makes a new one for each request.
            async let kept = fixture.curl(
                port, "/hello#[1-400]", "--rate", "80/s", "-o", "/dev/null", "-w",
                "%{http_code} %{num_connects}\\n")
            async let fresh = fixture.curl(
                port, "/hello#[1-200]", "--rate", "40/s", "--http1.1", "-H", "Connection: close",
                "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\\n")
            for serial in Int64(2)...9 {
                try fixture.authority.issueServer(serial: serial)
                tls.reload()
                #expect(try await Self.serial(fixture, port) == "serial=0\(serial)")
            }
            let (keptLines, freshLines) = (
                try await kept.output.split(separator: "\n"),
                try await fresh.output.split(separator: "\n")
            )
            #expect(keptLines.count == 400)
            #expect(keptLines.filter { $0 == "200 0" }.count == 399)
            #expect(keptLines.first == "200 1")
            #expect(freshLines.count == 200)
            #expect(freshLines.allSatisfy { $0 == "200 1" })
            #expect(tls.status.reloads == 8)
        }
    }

    @Test func `no request fails while the authority of clients changes`() async throws {
        let fixture = try TLSFixture()
        let authorities = fixture.directory.file("clients.pem")
        let next = try TestAuthority("next", in: fixture.directory)
        @Sendable func accept(_ files: TestAuthority...) throws {
            let texts = try files.map {
                try String(contentsOfFile: $0.certificate, encoding: .utf8)
            }
            try texts.joined(separator: "\n").write(
                toFile: authorities, atomically: true, encoding: .utf8)
        }
        try accept(fixture.authority)
        let (old, new) = (
            try fixture.authority.issueClient("old", serial: 21),
            try next.issueClient("new", serial: 22)
        )
        var files = fixture.files(.required)
        files.clientAuthority = authorities
        try await TestServer.withTLS(files) { server, tls in
            /// Sends 150 requests, each on a new connection. Returns the number of those that succeeded.
            func ask(_ client: TestAuthority.Files) async throws -> Int {
                try await fixture.curl(
                    server.client.port, "/whoami#[1-150]", "--rate", "50/s", "--http1.1", "-H",
                    "Connection: close", "-o", "/dev/null", "-w", "%{http_code}\\n", "--cert",
                    client.certificate, "--key", client.key
                ).output.split(separator: "\n").count { $0 == "200" }
            }
            async let first = ask(old)
            try accept(fixture.authority, next)
            tls.reload(isAsked: true, .silent)
            async let second = ask(new)
            #expect(try await first == 150)
            try accept(next)
            tls.reload(isAsked: true, .silent)
            #expect(try await second == 150)
            #expect(tls.status.reloads == 2)
            #expect(try await fixture.curl(server.client.port, as: old).status != 0)
            #expect(try await fixture.curl(server.client.port, as: new).status == 0)
        }
    }

    @Test func `changed files are found without a signal`() async throws {
        let fixture = try TLSFixture()
        try await TestServer.withTLS(fixture.files) { server, tls in
            let watcher = FileWatcher([tls], interval: .milliseconds(50), logger: .silent)
            let watch = Task { try await watcher.run() }
            defer { watch.cancel() }
            try fixture.authority.issueServer(serial: 5)
            try await eventually("the new certificate is in use") { tls.status.reloads > 0 }
            #expect(try await Self.serial(fixture, server.client.port) == "serial=05")
        }
    }

    @Test func `files that cannot be used keep the earlier ones in use`() async throws {
        let fixture = try TLSFixture()
        let log = LineLog()
        try await TestServer.withTLS(fixture.files, log: log) { server, tls in
            let certificate = URL(fileURLWithPath: fixture.server.certificate)
            let key = URL(fileURLWithPath: fixture.server.key)
            let (goodCertificate, goodKey) = (
                try Data(contentsOf: certificate), try Data(contentsOf: key)
            )
            let other = try fixture.authority.issueServer("other", serial: 3)
            let broken: [(URL, Data, String)] = [
                (certificate, Data("nonsense".utf8), "no certificate in PEM form"),
                (certificate, Data(goodCertificate.prefix(200)), "certificate"),
                (key, Data("nonsense".utf8), "no private key in PEM form"),
                (
                    key, try Data(contentsOf: URL(fileURLWithPath: other.key)),
                    "does not belong to the certificate"
                ),
            ]
            for (index, (file, content, problem)) in broken.enumerated() {
                try content.write(to: file)
                tls.reload()
                #expect(tls.status.failures == index + 1)
                #expect(tls.status.problem?.contains(problem) == true, "\(tls.status)")
                #expect(try await fixture.curl(server.client.port).output == "TLSv1.3 -")
                try goodCertificate.write(to: certificate)
                try goodKey.write(to: key)
            }
            try FileManager.default.removeItem(at: key)
            tls.reload()
            #expect(tls.status.problem != nil)
            try goodKey.write(to: key)
            tls.reload()
            #expect(tls.status.problem == nil)
            #expect(tls.status.reloads == 1)
            #expect(log.lines.contains { $0.hasPrefix("error TLS files cannot be reloaded") })
            // No line shows a part of a key.
            let secret = String(decoding: goodKey, as: UTF8.self).split(separator: "\n")[1]
            #expect(!log.lines.contains { $0.contains(secret) })
        }
    }

    @Test func `a reload closes the connections of a revoked certificate only`() async throws {
        let fixture = try TLSFixture()
        let list = fixture.directory.file("crl.pem")
        try await fixture.authority.revoke([], file: list)
        let revoked = try fixture.authority.issueClient("revoked", serial: 7)
        let good = try fixture.authority.issueClient("good", serial: 8)
        let (bothBegun, mayEnd) = (Counter(), Gate())
        let slow = Route(.get, "/slow") { _ in
            bothBegun.add()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        try await TestServer.withTLS(
            fixture.files(.required, revocations: list), routes: [slow]
        ) { server, tls in
            func ask(_ client: TestAuthority.Files) async throws -> TestCommand {
                try await fixture.curl(
                    server.client.port, "/slow", "--cert", client.certificate, "--key", client.key)
            }
            async let first = ask(revoked)
            async let second = ask(good)
            try await eventually("both requests have begun") { bothBegun.value == 2 }
            try await fixture.authority.revoke([7], file: list)
            tls.reload()
            #expect(try await first.status != 0)
            mayEnd.open()
            #expect(try await second.output == "done")
        }
    }
}
