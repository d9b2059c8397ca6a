import HTTPCore
import HTTPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Tests that HTTP/2 gives the same answers as HTTP/1.1, with its own framing.
@Suite(.timeLimit(.minutes(2))) struct HTTP2Tests {
    private static let noContent = Route(immediate: .get, "/none") { _ in
        Response(status: .noContent)
    }

    /// Answers with the field `Cookie` and the version.
    private static let mirror = Route(immediate: .get, "/mirror") { request in
        let cookies = request.headers[.cookie] ?? ""
        return Response(
            contentType: "text/plain", Array("\(request.version.major) \(cookies)".utf8))
    }

    @Test func `an answer has the fields of HTTP/1.1 without its framing`() async throws {
        try await HTTP2TestServer.with { server in
            let answer = try await server.connect { try await $0.get() }
            #expect(answer.status == 200)
            #expect(answer.text == "hello")
            #expect(answer["content-length"] == "5")
            #expect(answer["content-type"] == "text/plain")
            #expect(answer["date"] != nil && answer["x-request-id"]?.count == 32)
            #expect(answer["connection"] == nil && answer["transfer-encoding"] == nil)
            try await server.isIdle()
        }
    }

    @Test func `HEAD and 204 have no body`() async throws {
        try await HTTP2TestServer.with([.hello, Self.noContent]) { server in
            try await server.connect { client in
                try await client.send(.headers(1, http2Request("HEAD")))
                let head = try await client.answer()
                #expect(head.status == 200 && head.body.isEmpty && head["content-length"] == "5")
                let none = try await client.get("/none", stream: 3)
                #expect(none.status == 204 && none["content-length"] == nil)
            }
        }
    }

    @Test(arguments: [true, false])
    func `a body arrives with and without a length`(hasLength: Bool) async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                let length = hasLength ? [("content-length", "6")] : []
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo", length), endStream: false),
                    .data(1, Array("abc".utf8)), .data(1, Array("def".utf8), endStream: true))
                let answer = try await client.answer()
                #expect(answer.status == 200 && answer.text == "abcdef")
            }
            try await server.isIdle()
        }
    }

    @Test func `trailers end the body and are ignored`() async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo"), endStream: false),
                    .data(1, Array("abc".utf8)), .headers(1, [("x-sum", "1")]))
                #expect(try await client.answer().text == "abc")
            }
        }
    }

    @Test func `the parts of Cookie are joined`() async throws {
        try await HTTP2TestServer.with([Self.mirror]) { server in
            let cookies = [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]
            let answer = try await server.connect {
                try await $0.get("/mirror", stream: 1, cookies)
            }
            #expect(answer.text == "2 a=1; b=2")
        }
    }

    @Test func `a client that waits for 100 Continue gets it`() async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                let expect = [("content-length", "1"), ("expect", "100-continue")]
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo", expect), endStream: false))
                while client.answers[1]?.status != 100 {
                    try #require(try await client.next() != nil)
                }
                try await client.send(.data(1, [65], endStream: true))
                let answer = try await client.answer()
                #expect(answer.status == 200 && answer.text == "A")
            }
        }
    }

    // MARK: - Refusals

    /// A body beyond the limit gets an answer, and then the client is asked to stop (RFC 9113 §8.1).
    @Test(arguments: [[("content-length", "200")], []])
    func `a body that is too large gets 413 and a reset without an error`(
        length: [(String, String)]
    ) async throws {
        let route = Route(.put, "/small", accepts: ["text/plain"], maxBodyBytes: 100) { request in
            Response(contentType: "text/plain", try await request.body.collect())
        }
        var limits = HTTPServer.Limits()
        limits.discardBytes = 10
        limits.lingerTimeout = .milliseconds(200)
        try await HTTP2TestServer.with([route, .hello], limits: limits) { server in
            try await server.connect { client in
                try await client.send(
                    .headers(1, http2Request("PUT", "/small", length), endStream: false),
                    .data(1, Array(repeating: 65, count: 150)))
                while client.answers[1]?.reset == nil {
                    try #require(try await client.next() != nil)
                }
                let answer = try await client.answer()
                #expect(answer.status == 413 && answer.isComplete && answer.reset == 0)
                #expect(answer["content-type"] == "application/problem+json")
                // The connection serves the next request.
                #expect(try await client.get(stream: 3).status == 200)
            }
            try await server.isIdle()
        }
    }

    @Test func `the reading of bodies that do not fit into memory is refused`() async throws {
        var limits = HTTPServer.Limits()
        limits.bodyMemory = 100
        try await HTTP2TestServer.with(limits: limits) { server in
            try await server.connect { client in
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo"), endStream: false))
                #expect(try await client.answer().status == 503)
            }
            #expect(server.load.refusedRequests.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a connection beyond the limit gets 503 and GOAWAY`() async throws {
        let refusal = Problem(status: .serviceUnavailable)
        var limits = HTTPServer.Limits()
        limits.lingerTimeout = .milliseconds(300)
        try await HTTP2TestServer.with(limits: limits, refusal: refusal) { server in
            try await server.connect { client in
                let status = try await client.get().status
                #expect(status == 503)
                let code = try await client.untilEnd()
                #expect(code == 0, "\(client.goAways)")
            }
        }
    }

    // MARK: - Flow control

    @Test func `an answer stops at the window of the stream`() async throws {
        let size = 200_000
        let large = Route(immediate: .get, "/large") { _ in
            Response(contentType: "text/plain", Array(repeating: 65, count: size))
        }
        try await HTTP2TestServer.with([.hello, large]) { server in
            // SETTINGS_INITIAL_WINDOW_SIZE is 1000.
            try await server.connect(settings: [(4, 1000)]) { client in
                try await client.send(.headers(1, http2Request("GET", "/large")))
                while client.answers[1]?.body.count != 1000 {
                    try #require(try await client.next() != nil)
                }
                // Another stream is not blocked.
                #expect(try await client.get(stream: 3).text == "hello")
                #expect(client.answers[1]?.body.count == 1000)
                #expect(server.load.answers.held > 0)
                try await client.send(.windowUpdate(1, 1 << 20), .windowUpdate(0, 1 << 20))
                #expect(try await client.answer().body.count == size)
            }
            try await server.isIdle()
        }
    }

    @Test func `a streamed answer waits for the window`() async throws {
        let written = Atomic<Int>(0)
        let stream = Route(.get, "/stream") { _ in
            Response(
                body: .stream { writer in
                    for _ in 0..<100 {
                        try await writer.write(Array(repeating: 65, count: 10_000))
                        written.wrappingAdd(1, ordering: .relaxed)
                    }
                })
        }
        try await HTTP2TestServer.with([stream]) { server in
            try await server.connect(settings: [(4, 1000)]) { client in
                try await client.send(.headers(1, http2Request("GET", "/stream")))
                while client.answers[1]?.body.count != 1000 {
                    try #require(try await client.next() != nil)
                }
                try await Task.sleep(for: .milliseconds(100))
                #expect(written.load(ordering: .relaxed) < 20)
                try await client.send(.windowUpdate(1, 2 << 20), .windowUpdate(0, 2 << 20))
                let answer = try await client.answer()
                #expect(answer.body.count == 1_000_000 && answer["content-length"] == nil)
            }
            try await server.isIdle()
        }
    }

    @Test func `a body whose reader waits is not received beyond its window`() async throws {
        let gate = Gate()
        let slow = Route(.put, "/slow", accepts: ["text/plain"]) { request in
            await gate.wait()
            let count = try await request.body.collect().count
            return Response(contentType: "text/plain", Array("\(count)".utf8))
        }
        try await HTTP2TestServer.with([slow, .hello]) { server in
            try await server.connect { client in
                try await client.send(
                    .headers(1, http2Request("PUT", "/slow"), endStream: false))
                let pieces = (0..<64).map { _ in
                    HTTP2TestFrame.data(1, Array(repeating: 65, count: 1000))
                }
                for piece in pieces { try await client.send(piece) }
                // The answer to PING shows that the server has read everything.
                #expect(try await client.get(stream: 3).status == 200)
                #expect((client.windows[1] ?? 0) < 32_000)
                #expect(server.load.bodies.held <= 3 * 65_535)
                gate.open()
                try await client.send(.data(1, [], endStream: true))
                #expect(try await client.answer().text == "64000")
                #expect((client.windows[0] ?? 0) > 64_000)
            }
            try await server.isIdle()
        }
    }

    // MARK: - Concurrency and cancellation

    @Test func `a slow request does not delay another one`() async throws {
        let gate = Gate()
        let slow = Route(.get, "/slow") { _ in
            await gate.wait()
            return Response(contentType: "text/plain", Array("slow".utf8))
        }
        try await HTTP2TestServer.with([slow, .hello]) { server in
            try await server.connect { client in
                try await client.send(.headers(1, http2Request("GET", "/slow")))
                #expect(try await client.get(stream: 3).text == "hello")
                #expect(client.answers[1] == nil)
                gate.open()
                #expect(try await client.answer().text == "slow")
            }
        }
    }

    @Test func `a reset cancels the handler and is recorded`() async throws {
        let (started, cancelled) = (Gate(), Gate())
        let wait = Route(.get, "/wait") { _ in
            started.open()
            try? await Task.sleep(for: .seconds(60))
            if Task.isCancelled { cancelled.open() }
            return Response()
        }
        let (records, record) = AsyncStream.makeStream(of: RequestSummary.self)
        try await HTTP2TestServer.with([wait], onRequest: { record.yield($0) }) { server in
            try await server.connect { client in
                try await client.send(.headers(1, http2Request("GET", "/wait")))
                await started.wait()
                try await client.send(.reset(1))
                await cancelled.wait()
            }
            let summary = try #require(await records.first { _ in true })
            #expect(summary.isAborted && summary.path == "/wait" && summary.status == 0)
            try await server.isIdle()
        }
    }

    // MARK: - Shutdown and deadlines

    @Test func `a shutdown lets the open streams finish`() async throws {
        let (started, gate) = (Gate(), Gate())
        let slow = Route(.get, "/slow") { _ in
            started.open()
            await gate.wait()
            return Response(contentType: "text/plain", Array("slow".utf8))
        }
        try await HTTP2TestServer.with([slow, .hello]) { server in
            try await server.connect { client in
                try await client.send(.headers(1, http2Request("GET", "/slow")))
                await started.wait()
                server.environment.drain()
                while client.goAways.count < 2 { try #require(try await client.next() != nil) }
                #expect(client.goAways.map(\.code) == [0, 0])
                #expect(client.goAways.map(\.lastStream) == [0x7FFF_FFFF, 1])
                gate.open()
                #expect(try await client.answer().text == "slow")
                #expect(try await client.untilEnd() == 0)
            }
        }
    }

    @Test func `a shutdown closes a connection whose client does not answer`() async throws {
        var limits = HTTPServer.Limits()
        limits.lingerTimeout = .milliseconds(100)
        try await HTTP2TestServer.with(limits: limits) { server in
            try await server.connect { client in
                _ = try await client.get()
                client.answersPings = false
                server.environment.drain()
                #expect(try await client.untilEnd() == 0)
            }
        }
    }

    @Test func `an idle connection is told to go away`() async throws {
        var limits = HTTPServer.Limits()
        limits.idleTimeout = .milliseconds(500)
        try await HTTP2TestServer.with(limits: limits) { server in
            try await server.connect { client in
                let status = try await client.get().status
                #expect(status == 200)
                #expect(try await client.untilEnd() == 0)
            }
        }
    }

    @Test func `a body that is late gets 408`() async throws {
        var limits = HTTPServer.Limits()
        limits.bodyTimeout = .milliseconds(100)
        try await HTTP2TestServer.with(limits: limits) { server in
            try await server.connect { client in
                try await client.send(
                    .headers(1, http2Request("PUT", "/echo"), endStream: false),
                    .data(1, [65]))
                #expect(try await client.answer().status == 408)
                #expect(try await client.get(stream: 3).status == 200)
            }
            try await server.isIdle()
        }
    }

    @Test func `a client that closes its side gets its answer`() async throws {
        try await HTTP2TestServer.with { server in
            try await server.connect { client in
                try await client.send(.headers(1, http2Request()))
                client.closeOutput()
                #expect(try await client.answer().status == 200)
                try await client.untilEnd()
            }
        }
    }
}
