import Foundation
import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport

/// The files of a TLS listener for one test, and clients of it.
struct TLSFixture {
    let directory: TemporaryDirectory
    let authority: TestAuthority
    let server: TestAuthority.Files

    init(names: [String] = ["localhost"]) throws {
        directory = try TemporaryDirectory()
        authority = try TestAuthority(in: directory)
        server = try authority.issueServer(names: names)
    }

    var files: TLSFiles {
        TLSFiles(certificate: server.certificate, key: server.key) { path in
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }
    }

    /// The files of a listener that asks for certificates of clients.
    func files(_ rule: TLSFiles.ClientCertificates, revocations: String? = nil) -> TLSFiles {
        var files = files
        files.clientCertificates = rule
        files.clientAuthority = authority.certificate
        files.revocations = revocations
        return files
    }

    /// Runs curl with the test's authority.
    func curl(_ port: Int, _ path: String = "/whoami", _ arguments: String...) async throws
        -> TestCommand
    {
        try await TestCommand.run(
            "curl",
            ["-sS", "--max-time", "20", "--cacert", authority.certificate] + arguments
                + ["https://127.0.0.1:\(port)\(path)"])
    }

    /// Returns curl's arguments for a client certificate.
    static func identity(_ files: TestAuthority.Files?) -> [String] {
        files.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
    }

    func curl(_ port: Int, as client: TestAuthority.Files?) async throws -> TestCommand {
        try await TestCommand.run(
            "curl",
            ["-sS", "--max-time", "20", "--cacert", authority.certificate]
                + Self.identity(client) + ["https://127.0.0.1:\(port)/whoami"])
    }

    /// Runs `openssl s_client` without input. It ends after the handshake.
    func handshake(_ port: Int, _ arguments: String...) async throws -> TestCommand {
        try await TestCommand.run(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority.certificate,
                "-verify_return_error",
            ] + arguments)
    }

    /// A route that answers with the TLS session and the names of the client's certificate.
    static let whoami = Route(immediate: .get, "/whoami") { request in
        let tls = request.peer.tls
        let certificate = tls?.certificate
        let parts =
            [tls?.version ?? "plain", certificate?.commonName ?? "-"]
            + (certificate?.dnsNames ?? []) + (certificate?.emails ?? [])
            + (certificate?.uris ?? [])
        return Response(contentType: "text/plain", Array(parts.joined(separator: " ").utf8))
    }
}

extension TestServer {
    /// Runs `body` with a server whose only address uses TLS.
    static func withTLS(
        _ files: TLSFiles, routes: [Route] = [TLSFixture.whoami],
        limits: HTTPServer.Limits = HTTPServer.Limits(), log: LineLog = LineLog(),
        _ body: @Sendable (TestServer, TLSCredentials) async throws -> Void
    ) async throws {
        let tls = try TLSCredentials(files, logger: log.logger)
        try await with(
            routes, listen: ListenAddress(host: "127.0.0.1", port: 0, usesTLS: true), tls: tls,
            limits: limits, siteGuard: CrossSiteGuard(), logger: log.logger
        ) { try await body($0, tls) }
    }
}

/// A number that concurrent handlers increase.
final class Counter: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    func add() { number.withLock { $0 += 1 } }
}
