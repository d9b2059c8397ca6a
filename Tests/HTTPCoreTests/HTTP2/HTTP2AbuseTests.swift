import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Tests that no abuse of HTTP/2 keeps the server from serving a well-behaved client.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HTTP2AbuseTests {
    private static let large = Route(immediate: .get, "/large") { _ in
        Response(contentType: "text/plain", Array(repeating: 65, count: 300_000))
    }

    private static let stream = Route(.get, "/stream") { _ in
        Response(
            body: .stream { writer in
                while true { try await writer.write(Array(repeating: 65, count: 1000)) }
            })
    }

    /// Waits until its client leaves.
    private static let wait = Route(.get, "/wait") { _ in
        try await Task.sleep(for: .seconds(60))
        return Response()
    }

    /// Never reads the body.
    private static let unread = Route(.put, "/unread", accepts: ["text/plain"]) { _ in
        try await Task.sleep(for: .seconds(60))
        return Response()
    }

    private static let small = Route(
        .put, "/echo", accepts: ["text/plain"], maxBodyBytes: 30_000
    ) { request in
        Response(contentType: "text/plain", try await request.body.collect())
    }

    private static let routes: [Route] = [.hello, large, stream, wait, unread, small]

    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.streams = 20
        limits.smallFrames = 300
        limits.bodyMemory = 64 << 20
        limits.answerMemory = 4 << 20
        limits.lingerTimeout = .milliseconds(200)
        limits.halfCloseTimeout = .milliseconds(100)
        return limits
    }

    private static func limits(for abuse: HTTP2Abuse) -> HTTPServer.Limits {
        var limits = limits
        guard abuse.isSlow else { return limits }
        limits.headerTimeout = .milliseconds(500)
        limits.bodyTimeout = .milliseconds(500)
        limits.writeTimeout = .milliseconds(500)
        limits.idleTimeout = .seconds(2)
        return limits
    }

    @Test(arguments: HTTP2Abuse.all)
    func `an abuse gets its reaction, and others are served`(abuse: HTTP2Abuse) async throws {
        try await HTTP2TestServer.with(
            Self.routes, limits: Self.limits(for: abuse), sendBuffer: 16 << 10
        ) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { try await Self.check(abuse, server) } }
                try await Self.behave(server)
                try await group.waitForAll()
            }
            try await Self.behave(server)
            try await server.isIdle()
            try await eventually("no connection is left", timeout: .seconds(20)) {
                server.load.connections.load(ordering: .relaxed) == 0
            }
        }
    }

    private static func check(_ abuse: HTTP2Abuse, _ server: HTTP2TestServer) async throws {
        try await server.connect(settings: abuse.settings, receiveBuffer: abuse.receiveBuffer) {
            client in
            // The server may close the connection before the client has sent everything.
            do { try await abuse.run(client) } catch {}
            switch abuse.reaction {
            case .goAway(let codes):
                let code = try await client.untilEnd()
                #expect(code.map(codes.contains) == true, "\(client.goAways)")
            case .close: try await client.untilEnd()
            case .reset(let code):
                let answer = try await client.answer()
                #expect(answer.reset == code && !answer.isComplete, "\(answer)")
                try await served(client)
            case .status(let status):
                let answer = try await client.answer()
                #expect(answer.status == status)
                try await served(client)
            }
        }
    }

    /// Checks that the connection still serves requests.
    private static func served(_ client: HTTP2TestClient) async throws {
        try await client.send(.settings([(4, 65_535)]))
        let answer = try await client.get(stream: 101)
        #expect(answer.status == 200 && answer.text == "hello")
    }

    private static func behave(_ server: HTTP2TestServer) async throws {
        // The deadlines of a slow abuse can also pass for a good client on a busy machine. It then tries again.
        try await eventually("a good client is served", timeout: .seconds(20)) {
            let answer = try? await server.connect { try await $0.get() }
            return answer?.status == 200 && answer?.text == "hello"
        }
    }

    @Test func `the corpus is distinct`() {
        #expect(HTTP2Abuse.all.count >= 60)
        #expect(Set(HTTP2Abuse.all.map(\.name)).count == HTTP2Abuse.all.count)
    }

    /// A client that opens streams and resets them must not start more tasks than it may have streams, twice.
    @Test func `the tasks of reset streams are bounded`() async throws {
        let most = Mutex((now: 0, most: 0))
        let stubborn = Route(.get, "/wait") { _ in
            most.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            // This handler does not react to cancellation.
            let gate = Gate()
            let opener = Task.detached {
                try await Task.sleep(for: .milliseconds(500))
                gate.open()
            }
            try await opener.value
            most.withLock { $0.now -= 1 }
            return Response()
        }
        try await HTTP2TestServer.with([stubborn], limits: Self.limits) { server in
            try await server.connect { client in
                for index in 0..<150 {
                    let stream = UInt32(2 * index + 1)
                    try await client.send(
                        .headers(stream, http2Request("GET", "/wait")), .reset(stream))
                }
                _ = try await client.get("/wait", stream: 1001)
                #expect(client.answers.values.contains { $0.reset == 7 })
            }
        }
        #expect(most.withLock { $0.most } <= 2 * Self.limits.streams)
    }

    /// A client that opens many streams, is refused, and sends no bodies must leave memory for the bodies of others.
    @Test func `refused streams do not use up the memory for bodies`() async throws {
        var limits = HTTPServer.Limits()
        limits.bodyMemory = 800_000
        limits.lingerTimeout = .seconds(3600)
        try await HTTP2TestServer.with([.hello, .echo], limits: limits) { server in
            try await server.connect { refused in
                for index in 0..<30 {
                    let stream = UInt32(2 * index + 1)
                    try await refused.send(
                        .headers(stream, http2Request("PUT", "/none"), endStream: false))
                    #expect(try await refused.answer(stream).status == 404)
                }
                #expect(server.load.bodies.held > 0)
                #expect(server.load.bodies.held <= 400_000)
                try await server.connect { client in
                    let body = Array(repeating: UInt8(65), count: 10_000)
                    let length = [("content-length", "10000"), ("content-type", "text/plain")]
                    try await client.send(
                        .headers(1, http2Request("PUT", "/echo", length), endStream: false),
                        .data(1, body, endStream: true))
                    #expect(try await client.answer().body == body)
                }
            }
        }
    }

    @Test func `a refused stream holds no more than its client still has to send`() async throws {
        var limits = HTTPServer.Limits()
        limits.discardBytes = 10
        limits.lingerTimeout = .seconds(3600)
        try await HTTP2TestServer.with(limits: limits) { server in
            try await server.connect { client in
                try await client.send(
                    .headers(
                        1, http2Request("PUT", "/none", [("content-length", "300")]),
                        endStream: false))
                #expect(try await client.answer().status == 404)
                #expect(server.load.bodies.held == 300)
            }
        }
    }
}
