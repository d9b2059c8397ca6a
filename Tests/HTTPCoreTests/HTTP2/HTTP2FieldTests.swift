import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// Tests of the rules for headers of HTTP/2. Each request must get its status, or its stream must be reset.
@Suite(.timeLimit(.minutes(1))) struct HTTP2FieldTests {
    struct Entry: Sendable, CustomTestStringConvertible {
        /// The RFC section that determines the result.
        let section: String
        let name: String
        let fields: [(String, String)]
        /// The status of the answer; nil if the stream is reset with PROTOCOL_ERROR.
        let status: Int?

        var testDescription: String { "RFC \(section): \(name)" }

        init(_ section: String, _ name: String, _ fields: [(String, String)], _ status: Int?) {
            (self.section, self.name, self.fields, self.status) = (section, name, fields, status)
        }
    }

    private static let method = (":method", "GET")
    private static let scheme = (":scheme", "https")
    private static let authority = (":authority", "a")
    private static let path = (":path", "/hello")

    private static func get(_ more: (String, String)...) -> [(String, String)] {
        http2Request("GET", "/hello", more)
    }

    private static func target(_ path: String) -> [(String, String)] {
        [method, scheme, authority, (":path", path)]
    }

    static let entries: [Entry] = [
        .init("9113 §8.3.1", "a correct request", get(), 200),
        .init("9113 §8.3.1", "no :method", [scheme, authority, path], nil),
        .init("9113 §8.3.1", "no :scheme", [method, authority, path], nil),
        .init("9113 §8.3.1", "no :path", [method, scheme, authority], nil),
        .init("9113 §8.3.1", "an empty :path", target(""), nil),
        .init("9113 §8.3.1", "no authority", [method, scheme, path], 400),
        .init(
            "9113 §8.3.1", "Host in place of :authority", [method, scheme, path, ("host", "a")], 200
        ),
        .init("9113 §8.3.1", "Host equal to :authority", get(("host", "a")), 200),
        .init("9113 §8.3.1", "Host different from :authority", get(("host", "b")), 400),
        .init("9113 §8.3.1", "two Host fields", get(("host", "a"), ("host", "a")), 400),
        .init(
            "9110 §4.2.4", "user information in :authority",
            [method, scheme, (":authority", "u@a"), path], 400),
        .init(
            "9110 §7.4", "another server's :authority",
            [method, scheme, (":authority", "evil.example"), path], 421),
        .init("9113 §8.3.1", "two :path fields", [method, scheme, authority, path, path], nil),
        .init("9113 §8.3.1", "two :method fields", [method, method, scheme, authority, path], nil),
        .init(
            "9113 §8.3.1", "two :authority fields", [method, scheme, authority, authority, path],
            nil),
        .init("9113 §8.3", "an unknown pseudo-header field", get() + [(":x", "y")], nil),
        .init("9113 §8.3", "an unknown pseudo-header field first", [(":x", "y")] + get(), nil),
        .init("9113 §8.3", ":status in a request", [(":status", "200")] + get(), nil),
        .init(
            "9113 §8.3", "a pseudo-header field after a regular one",
            [method, scheme, authority, ("x", "y"), path], nil),
        .init(
            "8441 §4", ":protocol without the setting",
            [(":method", "CONNECT"), scheme, authority, path, (":protocol", "websocket")], nil),
        .init("9113 §8.5", "CONNECT", [(":method", "CONNECT"), authority], 501),
        .init(
            "9113 §8.5", "CONNECT with :path", [(":method", "CONNECT"), scheme, authority, path],
            nil),
        .init("9110 §9.1", "an unknown method", http2Request("BREW"), 501),
        .init("9110 §9.1", "a method that is not a token", http2Request("G T"), nil),
        .init("9110 §9.1", "a method in lower case", http2Request("get"), 501),
        .init("9113 §8.3.1", "another scheme", [method, (":scheme", "ftp"), authority, path], 400),
        .init("9113 §8.3.1", "an absolute target", target("https://a/hello"), 400),
        .init("9113 §8.3.1", "a target without a slash", target("hello"), 400),
        .init("9113 §8.3.1", "an asterisk for GET", target("*"), 400),
        .init("9113 §8.3.1", "a fragment", target("/hello#x"), 400),
        .init("9113 §8.3.1", "a space in the target", target("/hel lo"), nil),
        .init("9113 §8.3.1", "a non-ASCII target", target("/h\u{e9}llo"), 400),
        .init(
            "9112 §9.2", "a request within the target", target("/hello HTTP/1.1\r\nHost: b"), nil),
        .init("3986 §2.1", "an invalid percent-encoding", target("/hello%zz"), 400),
        .init(
            "9110 §15.5.15", "a target beyond the limit",
            target("/" + String(repeating: "x", count: 9000)), 414),
        .init("9110 §15.5.5", "an unknown path", target("/nothing"), 404),
        .init("9113 §8.2.1", "an upper-case name", get(("X-Name", "y")), nil),
        .init("9113 §8.2.1", "a name with a space", get(("x y", "y")), nil),
        .init("9113 §8.2.1", "a name with a colon", get(("x:y", "y")), nil),
        .init("9113 §8.2.1", "a name with a line break", get(("x\r\ny", "y")), nil),
        .init("9113 §8.2.1", "a value with CR LF", get(("x", "a\r\nb: c")), nil),
        .init("9113 §8.2.1", "a value with LF", get(("x", "a\nb")), nil),
        .init("9113 §8.2.1", "a value with NUL", get(("x", "a\u{0}b")), nil),
        .init("9110 §5.5", "a value with a control character", get(("x", "a\u{1}b")), 400),
        .init("9113 §8.2.1", "a value that starts with a space", get(("x", " a")), 400),
        .init("9113 §8.2.1", "a value that ends with a tab", get(("x", "a\t")), 400),
        .init("9113 §8.2.2", "Connection", get(("connection", "close")), nil),
        .init("9113 §8.2.2", "Keep-Alive", get(("keep-alive", "1")), nil),
        .init("9113 §8.2.2", "Proxy-Connection", get(("proxy-connection", "x")), nil),
        .init("9113 §8.2.2", "Transfer-Encoding", get(("transfer-encoding", "chunked")), nil),
        .init("9113 §8.2.2", "Upgrade", get(("upgrade", "websocket")), nil),
        .init("9113 §8.2.2", "TE with another value", get(("te", "gzip")), nil),
        .init("9113 §8.2.2", "TE with trailers", get(("te", "trailers")), 200),
        .init("9113 §8.1.1", "a length without a body", get(("content-length", "3")), nil),
        .init("9113 §8.1.1", "a length that is not a number", get(("content-length", "x")), nil),
        .init("9113 §8.1.1", "a negative length", get(("content-length", "-1")), nil),
        .init("9110 §8.6", "a length with a plus sign", get(("content-length", "+0")), 400),
        .init(
            "9110 §8.6", "two equal lengths",
            get(("content-length", "0"), ("content-length", "0")), 400),
        .init(
            "9110 §8.6", "two different lengths",
            get(("content-length", "0"), ("content-length", "1")), nil),
        .init("6585 §5", "101 fields", get() + (0..<101).map { ("x\($0)", "y") }, 431),
        .init(
            "6585 §5", "fields beyond 32 KiB",
            get() + (0..<40).map { ("x\($0)", String(repeating: "y", count: 900)) }, 431),
        .init(
            "9110 §10.1.1", "an unknown expectation",
            http2Request("GET", "/hello", [("expect", "x")]), 417),
        .init("6454 §7", "an unknown origin", get(("origin", "https://evil.example")), 403),
    ]

    @Test(arguments: entries)
    func `a header gets its status or a reset`(entry: Entry) async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                // The limits of the server hold after the client has answered its SETTINGS.
                let before = try await client.get(stream: 1).status
                #expect(before == 200)
                let block = HTTP2TestFrame.block(entry.fields)
                let first = block.prefix(16_000)
                let rest = block.dropFirst(16_000)
                var frames = [
                    HTTP2TestFrame.headers(3, block: Array(first), endHeaders: rest.isEmpty)
                ]
                for start in stride(from: rest.startIndex, to: rest.endIndex, by: 16_000) {
                    let piece = Array(rest[start...].prefix(16_000))
                    frames.append(
                        .continuation(3, piece, endHeaders: start + 16_000 >= rest.endIndex))
                }
                try await client.send(frames)
                let answer = try await client.answer(3)
                #expect(answer.status == entry.status)
                #expect(answer.reset == (entry.status == nil ? 1 : nil))
                if let status = answer.status, status >= 400 {
                    #expect(answer["content-type"] == "application/problem+json")
                    #expect(answer.text.contains("\"requestId\":\""))
                }
                // The error is one of the stream. The connection serves the next request.
                #expect(try await client.get(stream: 5).status == 200)
            }
            try await server.isIdle()
        }
    }

    @Test(arguments: [(5, 3), (1, 3)])
    func `a body that differs from its length resets the stream`(
        declared: Int, sent: Int
    ) async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                let length = [("content-length", "\(declared)")]
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo", length), endStream: false),
                    .data(1, Array(repeating: 65, count: sent), endStream: true))
                let answer = try await client.answer()
                #expect(answer.status == nil && answer.reset == 1)
            }
            try await server.isIdle()
        }
    }
}
