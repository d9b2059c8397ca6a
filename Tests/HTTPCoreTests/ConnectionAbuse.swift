import TestSupport
import Testing

/// One way in which a client can abuse connections.
struct ConnectionAbuse: Sendable, CustomTestStringConvertible {
    typealias Connection = HTTPRawConnection

    let name: String
    /// The number of connections that do this at the same time.
    let count: Int
    /// The client's actions. It is no error if the server closes the connection.
    let run: @Sendable (Connection) async throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, times count: Int = 36,
        run: @escaping @Sendable (Connection) async throws -> Void
    ) {
        self.name = name
        self.count = count
        self.run = run
    }

    static let all = heads + bodies + answers + endings

    private static let get = "GET /hello HTTP/1.1\r\nHost: a\r\n"
    private static let put = "PUT /echo HTTP/1.1\r\nHost: a\r\n"

    private static func words(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// Sends `text` several times and then reads until the server closes the connection.
    private static func flood(_ raw: Connection, _ text: String, times: Int) async throws {
        for _ in 0..<times { try await raw.send(text) }
        _ = try await raw.receiveAll()
    }

    private static let heads: [ConnectionAbuse] = [
        .init("silence") { _ = try await $0.receiveAll() },
        .init("a header byte by byte") { raw in
            for byte in (get + "X: y\r\n").utf8 {
                try await raw.send([byte])
                try await Task.sleep(for: .milliseconds(20))
            }
            _ = try await raw.receiveAll()
        },
        .init("a header that stops") { raw in
            try await raw.send(get + "X: ")
            _ = try await raw.receiveAll()
        },
        .init("a request line that stops") { raw in
            try await raw.send("GET /hel")
            _ = try await raw.receiveAll()
        },
        .init("an endless request line") {
            try await flood($0, String(repeating: "a", count: 8_000), times: 5)
        },
        .init("an endless field") { raw in
            try await raw.send(get + "X: ")
            try await flood(raw, String(repeating: "a", count: 8_000), times: 10)
        },
        .init("endless fields") { raw in
            try await raw.send(get)
            try await flood(raw, "X: y\r\n", times: 20)
        },
        .init("empty lines without a request") { try await flood($0, "\r\n\r\n\r\n", times: 50) },
        .init("empty lines now and then") { raw in
            for _ in 0..<20 {
                try await raw.send("\r\n")
                try await Task.sleep(for: .milliseconds(50))
            }
            _ = try await raw.receiveAll()
        },
        .init("a TLS client") { raw in
            try await raw.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
            try await flood(raw, "\n", times: 1)
        },
        .init("an HTTP/2 client") {
            try await flood($0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", times: 1)
        },
        .init("garbage") { try await flood($0, "\u{0}\u{1}\u{7f}ä\r\r\n\n", times: 20) },
    ]

    private static let bodies: [ConnectionAbuse] = [
        .init("a body byte by byte") { raw in
            try await raw.send(put + "Content-Length: 1000\r\n\r\n")
            for _ in 0..<50 {
                try await raw.send("x")
                try await Task.sleep(for: .milliseconds(20))
            }
            _ = try await raw.receiveAll()
        },
        .init("a body that stops") { raw in
            try await raw.send(put + "Content-Length: 200000\r\n\r\n" + words(60_000))
            _ = try await raw.receiveAll()
        },
        .init("a body that never begins") { raw in
            try await raw.send(put + "Content-Length: 200000\r\n\r\n")
            _ = try await raw.receiveAll()
        },
        .init("more bodies than there is memory for") { raw in
            try await raw.send(put + "Content-Length: 250000\r\n\r\n")
            try await flood(raw, String(repeating: "x", count: 25_000), times: 10)
        },
        .init("chunks of one byte", times: 4) { raw in
            try await raw.send(put + "Transfer-Encoding: chunked\r\n\r\n")
            try await flood(raw, String(repeating: "1\r\nx\r\n", count: 1_000), times: 3)
        },
        .init("chunk extensions") { raw in
            try await raw.send(put + "Transfer-Encoding: chunked\r\n\r\n")
            try await flood(raw, "1;" + words(8_000) + "\r\nx\r\n", times: 6)
        },
        .init("an endless chunk line") { raw in
            try await raw.send(put + "Transfer-Encoding: chunked\r\n\r\n")
            try await flood(raw, String(repeating: "0", count: 8_000), times: 5)
        },
        .init("endless trailers") { raw in
            try await raw.send(put + "Transfer-Encoding: chunked\r\n\r\n0\r\n")
            try await flood(raw, "X: y\r\n", times: 200)
        },
        .init("trailers that stop") { raw in
            try await raw.send(put + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ")
            _ = try await raw.receiveAll()
        },
        .init("100-continue without a body") { raw in
            try await raw.send(put + "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
            _ = try await raw.receiveAll()
        },
        .init("100-continue a hundred times") { raw in
            let request = put + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\nx"
            try await flood(raw, String(repeating: request, count: 100), times: 1)
        },
        .init("a body that no handler reads") { raw in
            try await raw.send("PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            try await flood(raw, String(repeating: "x", count: 50_000), times: 4)
        },
    ]

    private static let answers: [ConnectionAbuse] = [
        .init("a flood of pipelined requests", times: 10) { raw in
            try await flood(raw, String(repeating: get + "\r\n", count: 200), times: 3)
        },
        .init("pipelined requests whose answers are not read", times: 8) { raw in
            for _ in 0..<100 { try await raw.send(String(repeating: get + "\r\n", count: 100)) }
        },
        .init("large answers that are not read") { raw in
            try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            try await Task.sleep(for: .milliseconds(600))
        },
        .init("large answers that are read a little") { raw in
            try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in 0..<10 {
                _ = try await raw.receive(through: "x")
                try await Task.sleep(for: .milliseconds(50))
            }
        },
        .init("a stream that is not read", times: 20) { raw in
            try await raw.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            try await Task.sleep(for: .milliseconds(500))
        },
        .init("requests that a handler never answers") { raw in
            try await raw.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            try await Task.sleep(for: .milliseconds(100))
            raw.close()
        },
    ]

    private static let endings: [ConnectionAbuse] = [
        .init("connections that come and go", times: 200) { $0.close() },
        .init("requests that do not wait for the answer", times: 200) { raw in
            try await raw.send(get + "\r\n")
            raw.close()
        },
        .init("a reset in the header") { raw in
            try await raw.send(get)
            try await raw.reset()
        },
        .init("a reset in the body") { raw in
            try await raw.send(put + "Content-Length: 200000\r\n\r\n" + words(50_000))
            try await raw.reset()
        },
        .init("a reset in the answer") { raw in
            try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await raw.receive(through: "\r\n\r\n")
            try await raw.reset()
        },
        .init("a reset in a stream") { raw in
            try await raw.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await raw.receive(through: "\r\n\r\n")
            try await raw.reset()
        },
        .init("half a close without a request") { raw in
            raw.closeOutput()
            _ = try await raw.receiveAll()
        },
        .init("half a close in the body") { raw in
            try await raw.send(put + "Content-Length: 200000\r\n\r\nxxx")
            raw.closeOutput()
            _ = try await raw.receiveAll()
        },
        .init("half a close before an answer that never comes") { raw in
            try await raw.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            raw.closeOutput()
            _ = try await raw.receiveAll()
        },
        .init("a half-close before an answer that is not read") { raw in
            try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            raw.closeOutput()
            try await Task.sleep(for: .milliseconds(500))
        },
        .init("a connection kept after its last answer") { raw in
            try await raw.send(get + "Connection: close\r\n\r\n")
            try await Task.sleep(for: .milliseconds(500))
            try await flood(raw, "more", times: 10)
        },
    ]
}
