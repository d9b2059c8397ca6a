import HTTPCore
import HTTPTypes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    private static var small: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.targetBytes = 100
        limits.headerBytes = 300
        limits.headerCount = 5
        limits.bodyBytes = 1000
        limits.discardBytes = 500
        return limits
    }

    @Test(arguments: [
        ("GET /\(String(repeating: "a", count: 150)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 310))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 9000))\r\n\r\n", 431),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n"
                + String(repeating: "X: \(String(repeating: "a", count: 90))\r\n", count: 4)
                + "\r\n", 431
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: a\r\n", count: 5))\r\n", 431
        ),
        ("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413),
    ])
    func `a message that is too large is refused and its connection closed`(
        request: String, status: Int
    ) async throws {
        try await TestServer.with([.hello, .echo], limits: Self.small) { server in
            let text = try await raw(server, request, closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(text.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func `a message of exactly the limit is served`() async throws {
        try await TestServer.with([.hello, .echo], limits: Self.small) { server in
            let body = String(repeating: "b", count: 1000)
            let answer = try await server.client.send(.put, "/echo", body: body)
            #expect(answer.text == body)
        }
    }

    @Test(arguments: ["G", "GET /hello HTTP/1.1\r\n", "GET /hello HTTP/1.1\r\nHost: a\r\nX"])
    func `a header that does not end in time is answered 408`(part: String) async throws {
        var limits = HTTPServer.Limits()
        limits.headerTimeout = .milliseconds(100)
        try await TestServer.with([.hello], limits: limits) { server in
            let text = try await raw(server, part, closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 408 "))
            #expect(text.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func `a body that does not end in time is answered 408`() async throws {
        var limits = HTTPServer.Limits()
        limits.bodyTimeout = .milliseconds(100)
        try await TestServer.with([.echo], limits: limits) { server in
            let text = try await raw(
                server, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
                closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test(arguments: ["", "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"])
    func `an idle connection is closed without an answer`(before: String) async throws {
        var limits = HTTPServer.Limits()
        // The timeout is long enough for the request to arrive on a machine that is busy with other tests.
        limits.idleTimeout = .seconds(2)
        try await TestServer.with([.hello], limits: limits) { server in
            let text = try await raw(server, before, closeOutput: false)
            #expect(before.isEmpty ? text.isEmpty : text.hasSuffix("hello"))
        }
    }
}
