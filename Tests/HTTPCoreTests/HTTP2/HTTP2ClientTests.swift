import Foundation
import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// Tests that curl, which brings its own HTTP/2, agrees with the server.
@Suite(.timeLimit(.minutes(1))) struct HTTP2ClientTests {
    private static let large = Route(.get, "/large") { _ in
        Response(
            body: .stream { writer in
                for _ in 0..<100 { try await writer.write(Array(repeating: 65, count: 30_000)) }
            })
    }

    private static func curl(
        _ server: HTTP2TestServer, _ path: String, _ arguments: String...
    ) async throws -> String {
        let url = "http://127.0.0.1:\(server.client.port)\(path)"
        let common = ["--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "30"]
        let command = try await TestCommand.run(
            "curl", common + ["--header", "Host: a"] + arguments + [url])
        #expect(command.status == 0, "\(command.output)")
        return command.output
    }

    @Test func `curl reads answers of every kind`() async throws {
        try await HTTP2TestServer.with([.hello, .echo, Self.large]) { server in
            #expect(try await Self.curl(server, "/hello") == "hello")
            let head = try await Self.curl(server, "/hello", "--head")
            #expect(head.hasPrefix("HTTP/2 200") && head.contains("content-length: 5"))
            let missing = try await Self.curl(server, "/nothing", "--write-out", "%{http_code}")
            #expect(missing.hasSuffix("404"))
            let size = try await Self.curl(
                server, "/large", "--output", "/dev/null", "--write-out",
                "%{size_download} %{http_version}")
            #expect(size == "3000000 2")
            try await server.isIdle()
        }
    }

    @Test func `curl sends bodies within the window and beyond a limit`() async throws {
        try await HTTP2TestServer.with { server in
            let file = FileManager.default.temporaryDirectory
                .appendingPathComponent("body-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(repeating: 65, count: 2_000_000).write(to: file)
            let answer = try await Self.curl(
                server, "/echo", "--upload-file", file.path, "--output", "/dev/null",
                "--write-out", "%{http_code} %{size_download}")
            #expect(answer == "200 2000000")
            try Data(repeating: 65, count: 6_000_000).write(to: file)
            let refused = try await Self.curl(
                server, "/echo", "--upload-file", file.path, "--output", "/dev/null",
                "--write-out", "%{http_code}")
            #expect(refused == "413")
            try await server.isIdle()
        }
    }
}
