import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamingTests {
    private static let lines = Route(.get, "/lines") { _ in
        Response(
            body: .stream { writer in
                for line in 1...3 { try await writer.write("line \(line)\n") }
            })
    }

    @Test func `a stream is chunked and keeps the connection`() async throws {
        try await TestServer.with([Self.lines]) { server in
            for _ in 1...2 {
                let answer = try await server.client.send(.get, "/lines")
                #expect(answer.headers[.transferEncoding] == "chunked")
                #expect(answer.text == "line 1\nline 2\nline 3\n")
            }
        }
    }

    /// RFC 9112 §6.3 rule 8
    @Test func `a stream to an HTTP 1_0 client ends with the connection`() async throws {
        try await TestServer.with([Self.lines]) { server in
            let text = try await raw(
                server, "GET /lines HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                closeOutput: false)
            #expect(text.contains("Connection: close\r\n"))
            #expect(!text.contains("chunked"))
            #expect(text.hasSuffix("\r\n\r\nline 1\nline 2\nline 3\n"))
        }
    }

    @Test func `a writer used after its stream has no effect`() async throws {
        let kept = Mutex<ResponseBodyWriter?>(nil)
        let keeping = Route(.get, "/keeping") { _ in
            Response(body: .stream { writer in kept.withLock { $0 = writer } })
        }
        let stray = Route(.get, "/stray") { _ in
            Response(
                body: .stream { writer in
                    let stale = kept.withLock { $0 }
                    await #expect(throws: ConnectionClosed.self) { try await stale?.write("stray") }
                    try await writer.write("own")
                })
        }
        try await TestServer.with([keeping, stray]) { server in
            _ = try await server.client.send(.get, "/keeping")
            let answer = try await server.client.send(.get, "/stray")
            #expect(answer.text == "own")
        }
    }

    @Test func `an immediate route may stream, too`() async throws {
        let immediate = Route(immediate: .get, "/immediate") { _ in
            Response(body: .stream { try await $0.write("later") })
        }
        try await TestServer.with([immediate]) { server in
            let answer = try await server.client.send(.get, "/immediate")
            #expect(answer.text == "later")
        }
    }

    @Test func `HEAD does not run the stream`() async throws {
        let never = Route(.get, "/never") { _ in
            Response(body: .stream { _ in Issue.record("ran") })
        }
        try await TestServer.with([never]) { server in
            let answer = try await server.client.send(.head, "/never")
            #expect(answer.status == 200)
        }
    }

    @Test func `a stream of known length has Content-Length`() async throws {
        let known = Route(.get, "/known") { _ in
            Response(body: .stream(length: 4) { try await $0.write("four") })
        }
        try await TestServer.with([known]) { server in
            let answer = try await server.client.send(.get, "/known")
            #expect(answer.headers[.contentLength] == "4")
            #expect(answer.text == "four")
        }
    }

    private struct Broken: Error {}

    /// RFC 9112 §8: the client must be able to see that the body is incomplete.
    @Test(arguments: [nil, 100])
    func `a stream that fails cuts the connection`(length: Int?) async throws {
        let failing = Route(.get, "/failing") { _ in
            Response(
                body: .stream(length: length) { writer in
                    try await writer.write("begin")
                    throw Broken()
                })
        }
        try await TestServer.with([failing]) { server in
            let text = try await raw(
                server, "GET /failing HTTP/1.1\r\nHost: a\r\n\r\n", closeOutput: false)
            #expect(text.contains("begin"))
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a stream longer or shorter than promised cuts the connection`() async throws {
        let long = Route(.get, "/long") { _ in
            Response(body: .stream(length: 2) { try await $0.write("four") })
        }
        let short = Route(.get, "/short") { _ in
            Response(body: .stream(length: 9) { try await $0.write("four") })
        }
        try await TestServer.with([long, short]) { server in
            for path in ["/long", "/short"] {
                await #expect(throws: (any Error).self) {
                    try await server.client.send(.get, path)
                }
            }
        }
    }

    @Test func `a slow reader gets the whole answer`() async throws {
        let big = Route(.get, "/big") { _ in
            Response(
                body: .stream(length: 8 << 20) { writer in
                    let block = [UInt8](repeating: 0x61, count: 64 << 10)
                    for _ in 0..<128 { try await writer.write(block) }
                })
        }
        try await TestServer.with([big]) { server in
            let count = try await server.client.withRawConnection(receiveBuffer: 8 << 10) { raw in
                try await raw.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                _ = try await raw.receive(through: "\r\n\r\n")
                return try await raw.receiveAll().count
            }
            #expect(count == 8 << 20)
        }
    }

    @Test func `a client that reads nothing blocks the writer and is then closed`() async throws {
        let written = Mutex(0)
        let isCut = Gate()
        let big = Route(.get, "/big") { _ in
            Response(
                body: .stream { writer in
                    defer { isCut.open() }
                    let block = [UInt8](repeating: 0x61, count: 64 << 10)
                    for _ in 0..<1024 {
                        try await writer.write(block)
                        written.withLock { $0 += block.count }
                    }
                })
        }
        var limits = HTTPServer.Limits()
        limits.writeTimeout = .milliseconds(200)
        try await TestServer.with([big], limits: limits) { server in
            try await server.client.withRawConnection(receiveBuffer: 8 << 10) { raw in
                try await raw.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
                await isCut.wait()
            }
        }
        #expect(written.withLock { $0 } < 32 << 20)
    }
}
