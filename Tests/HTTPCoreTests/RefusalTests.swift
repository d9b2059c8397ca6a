import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// Tests the answers that the server gives without calling a handler.
@Suite struct RefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var status: Int
        /// True if the server closes the connection after the answer.
        var closes: Bool
        var contains = ""

        var testDescription: String { name }
    }

    private static let routes = [
        Route.hello, .echo,
        Route(immediate: .get, "/list", query: ["limit", .init("label", repeats: true)]) {
            let limit = try $0.query("limit", as: Int.self, in: 1...1000)
            return Response(contentType: "text/plain", Array("\(limit ?? 0)".utf8))
        },
        Route(immediate: .get, "/either", produces: ["application/json", "application/yaml"]) {
            Response(contentType: $0.responseType, [])
        },
        Route(immediate: .get, "/names/{name}") {
            Response(contentType: "text/plain", Array(try $0.path("name").utf8))
        },
        Route(.get, "/broken") { _ in throw Broken() },
    ]
    private struct Broken: Error { let secret = "hunter2" }

    private static let rows: [Row] = [
        .init(name: "404", request: get("/none"), status: 404, closes: false),
        .init(
            name: "404 for a slash too many", request: get("/hello/", method: "PUT"), status: 404,
            closes: false, contains: "Leave out the extra slash: /hello"),
        .init(
            name: "405 with Allow", request: get("/hello", method: "DELETE"), status: 405,
            closes: false, contains: "\r\nAllow: GET, HEAD, OPTIONS\r\n"),
        .init(
            name: "406", request: get("/either", "Accept: text/html\r\n"), status: 406,
            closes: false),
        .init(
            name: "unknown query parameter", request: get("/list?limt=1"), status: 400,
            closes: false, contains: "'limt'"),
        .init(
            name: "repeated query parameter", request: get("/list?limit=1&limit=2"), status: 400,
            closes: false, contains: "'limit' may be given only once"),
        .init(
            name: "query parameter out of range", request: get("/list?limit=0"), status: 400,
            closes: false, contains: "from 1 to 1000"),
        .init(
            name: "invalid percent-encoding", request: get("/names/%zz"), status: 400,
            closes: false),
        .init(name: "invalid UTF-8", request: get("/names/%ff"), status: 400, closes: false),
        .init(
            name: "500 tells nothing", request: get("/broken"), status: 500, closes: false),
        .init(
            name: "411", request: get("/echo", method: "PUT"), status: 411, closes: false),
        .init(
            name: "415", status415, status: 415, closes: false,
            contains: "\r\nAccept: text/plain\r\n"),
        .init(
            name: "415 for a content coding",
            put("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "a"), status: 415,
            closes: false, contains: "\r\nAccept-Encoding: identity\r\n"),
        .init(
            name: "413 by length", put("Content-Length: 99999999\r\n", ""), status: 413,
            closes: true),
        .init(
            name: "417", request: get("/hello", "Expect: 200-ok\r\n"), status: 417, closes: true),
        .init(
            name: "501 for an unknown method", request: get("/hello", method: "FROB"),
            status: 501, closes: true),
        .init(
            name: "501 for an unknown method", request: get("/hello", method: "PROPFIND"),
            status: 501, closes: false),
        .init(
            name: "405 for TRACE", request: get("/hello", method: "TRACE"), status: 405,
            closes: false),
        .init(
            name: "405 for QUERY", request: get("/hello", method: "QUERY"), status: 405,
            closes: false),
        .init(
            name: "CONNECT", request: "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            status: 501, closes: true),
        .init(
            name: "505 for HTTP/3.0", request: "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
            status: 505, closes: true),
        .init(
            name: "505 for an HTTP/2 preface",
            request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 505, closes: true),
        // RFC 9112 §3.2
        .init(
            name: "no Host", request: "GET /hello HTTP/1.1\r\n\r\n", status: 400,
            closes: true),
        .init(
            name: "two Hosts", request: get("/hello", "Host: b\r\n"), status: 400,
            closes: true),
        .init(name: "asterisk-form with GET", request: get("*"), status: 400, closes: false),
        .init(
            name: "no HTTP at all", request: "\u{16}\u{3}\u{1}\r\n\r\n", status: 400,
            closes: true),
        .init(
            name: "raw UTF-8 in the target", request: get("/n\u{e4}mes"), status: 400,
            closes: true),
    ]

    @Test(arguments: rows)
    func `is answered as a problem`(row: Row) async throws {
        try await TestServer.with(Self.routes) { server in
            let text = try await raw(
                server, row.request + Self.get("/hello", "Connection: close\r\n"),
                closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 \(row.status) "))
            #expect(text.contains("\r\nContent-Type: application/problem+json\r\n"))
            #expect(text.contains("\"status\":\(row.status)"))
            #expect(text.contains("\r\nX-Request-Id: "))
            #expect(row.contains.isEmpty || text.contains(row.contains))
            #expect(text.hasSuffix("hello") != row.closes)
            #expect(!text.contains("hunter2"))
        }
    }

    /// RFC 9112 §6.1, §6.3, §11.2: the server refuses framing that two parsers could read in two ways. It does not read
    /// the bytes after it as a request.
    @Test(arguments: [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nContent-Length: 7\r\n",
        "Content-Length: 6, 6\r\n",
        "Content-Length: +6\r\n",
        "Content-Length: 0x6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length:\r\n",
        "Content-Length : 6\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: 6\nTransfer-Encoding: chunked\r\n",
        " Content-Length: 6\r\n",
        "X: a\0b\r\n",
        "X\0: a\r\n",
        ": a\r\n",
    ])
    func `ambiguous framing is refused and the connection closed`(fields: String) async throws {
        try await TestServer.with([.hello, .echo]) { server in
            let text = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n\(fields)\r\n"
                    + "0\r\n\r\n" + Self.get("/hello", "Connection: close\r\n"),
                closeOutput: false)
            let status = text.dropFirst("HTTP/1.1 ".count).prefix(3)
            #expect(["400", "501"].contains(status))
            #expect(!text.hasSuffix("hello"))
            #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
        }
    }

    /// RFC 9112 §7.1
    @Test(arguments: ["zz\r\n", "-1\r\n", "3\r\nabcd\r\n", "3abc"])
    func `a malformed chunk is refused and the connection closed`(chunk: String) async throws {
        try await TestServer.with([.hello, .echo]) { server in
            let text = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)"
                    + "0\r\n\r\n" + Self.get("/hello", "Connection: close\r\n"))
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            #expect(!text.hasSuffix("hello"))
        }
    }

    @Test func `Transfer-Encoding in HTTP 1_0 is refused`() async throws {
        try await TestServer.with([.echo]) { server in
            let text = try await raw(
                server, "PUT /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 400 "))
        }
    }

    private static func get(
        _ target: String, _ fields: String = "", method: String = "GET"
    ) -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    fileprivate static func put(_ fields: String, _ body: String) -> String {
        "PUT /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
    }

    private static let status415 = put("Content-Type: image/png\r\nContent-Length: 3\r\n", "abc")
}

extension RefusalTests.Row {
    init(name: String, _ request: String, status: Int, closes: Bool, contains: String = "") {
        self.init(
            name: name, request: request, status: status, closes: closes, contains: contains)
    }
}
