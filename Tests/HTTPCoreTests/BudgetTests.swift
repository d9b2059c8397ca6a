import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Tests the limits on the bytes of bodies and answers of all connections together.
@Suite(.timeLimit(.minutes(1))) struct BudgetTests {
    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.bodyBytes = 1 << 20
        limits.bodyMemory = 800_000
        limits.answerMemory = 1 << 20
        return limits
    }

    /// Returns a route whose handler reads the body, opens `hasBegun`, and keeps the body until `mayEnd` opens.
    private static func holding(_ hasBegun: Gate, _ mayEnd: Gate, memory: Int = 0) -> Route {
        var route = Route(.put, "/hold", accepts: ["text/plain"]) { request in
            let bytes = try await request.body.collect()
            hasBegun.open()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("\(bytes.count)".utf8))
        }
        route.bodyMemory = memory
        return route
    }

    @Test func `a body is counted until its handler has ended`() async throws {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        try await TestServer.with([Self.holding(hasBegun, mayEnd, memory: 3)], limits: Self.limits)
        {
            server in
            async let answer = server.client.send(
                .put, "/hold", body: [UInt8](repeating: 1, count: 1_000), fresh: true)
            await hasBegun.wait()
            #expect(server.load.bodies.held == 4_000)
            mayEnd.open()
            #expect(try await answer.text == "1000")
            try await eventually("the body is given back") { server.load.bodies.held == 0 }
        }
    }

    @Test func `a body is counted while its handler holds it, even after the client has left`()
        async throws
    {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let route = Route(.put, "/hold", accepts: ["text/plain"]) { request in
            _ = try await request.body.collect()
            hasBegun.open()
            // The unstructured task makes this handler ignore its cancellation.
            await Task { await mayEnd.wait() }.value
            return Response()
        }
        try await TestServer.with([route], limits: Self.limits) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("PUT /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
                await hasBegun.wait()
                try await raw.reset()
            }
            try await eventually("the connection is over") {
                server.load.connections.load(ordering: .relaxed) == 0
            }
            #expect(server.load.bodies.held == 3)
            mayEnd.open()
            try await eventually("the body is given back") { server.load.bodies.held == 0 }
        }
    }

    @Test func `a body without room is refused before it is sent, and small ones still pass`()
        async throws
    {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let held = Self.holding(hasBegun, mayEnd)
        try await TestServer.with([held, .echo], limits: Self.limits) { server in
            async let first = server.client.send(
                .put, "/hold", body: [UInt8](repeating: 1, count: 600_000), fresh: true)
            await hasBegun.wait()
            let refused = try await raw(
                server, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n",
                closeOutput: false)
            #expect(refused.hasPrefix("HTTP/1.1 503 "))
            #expect(refused.contains("\r\nRetry-After: 1\r\n"))
            #expect(refused.contains("\"type\":\"/problems/busy\""))
            let small = try await server.client.send(.put, "/echo", body: "small", fresh: true)
            #expect(small.text == "small")
            mayEnd.open()
            #expect(try await first.status == 200)
            #expect(server.load.refusedRequests.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a chunked body that outgrows the room is refused`() async throws {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let held = Self.holding(hasBegun, mayEnd)
        try await TestServer.with([held, .echo], limits: Self.limits) { server in
            async let first = server.client.send(
                .put, "/hold", body: [UInt8](repeating: 1, count: 600_000), fresh: true)
            await hasBegun.wait()
            let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
            let refused = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: chunk, count: 8), closeOutput: false)
            #expect(refused.hasPrefix("HTTP/1.1 503 "))
            mayEnd.open()
            #expect(try await first.status == 200)
        }
    }

    @Test func `a document whose parsed form finds no room is refused`()
        async throws
    {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        mayEnd.open()
        let greedy = Self.holding(hasBegun, mayEnd, memory: 10)
        try await TestServer.with([greedy], limits: Self.limits) { server in
            let body = [UInt8](repeating: 1, count: 70_000)
            let refused = try await server.client.send(.put, "/hold", body: body)
            #expect(refused.status == 503)
            let small = [UInt8](repeating: 1, count: 60_000)
            let taken = try await server.client.send(.put, "/hold", body: small)
            #expect(taken.status == 200)
        }
    }

    // MARK: - Answers

    private static func large(_ count: Int, _ method: HTTPRequest.Method = .get) -> Route {
        Route(method, "/large") { _ in
            Response(contentType: "text/plain", [UInt8](repeating: 0x61, count: count))
        }
    }

    /// Opens connections that request /large and read only the header, until the server holds `bytes` bytes of answers.
    /// Then runs `body`.
    private static func fill(
        _ server: TestServer, to bytes: Int, _ body: @Sendable () async throws -> Void
    ) async throws {
        try await server.client.withRawConnection(receiveBuffer: 4096) { raw in
            try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await raw.receive(through: "\r\n\r\n")
            if server.load.answers.held < bytes {
                try await fill(server, to: bytes, body)
            } else {
                try await body()
            }
        }
    }

    @Test func `a read whose answer finds no room gets 503, and the slowest reader is closed`()
        async throws
    {
        // The answers are far larger than the buffers of the kernel, so the server must hold most of their bytes.
        var limits = Self.limits
        limits.answerMemory = 40 << 20
        try await TestServer.with([Self.large(16 << 20), .hello], limits: limits) { server in
            try await Self.fill(server, to: 20 << 20) {
                let refused = try await server.client.send(.get, "/large", fresh: true)
                #expect(refused.status == 503)
                #expect(refused.headers[.retryAfter] == "1")
                #expect(try await server.client.send(.get, "/hello", fresh: true).text == "hello")
                try await eventually("the slowest reader has gone") {
                    server.load.evictions.load(ordering: .relaxed) == 1
                }
                try await eventually("its bytes are given back") {
                    server.load.answers.held < 20 << 20
                }
                let served = try await server.client.send(.get, "/large", fresh: true)
                #expect(served.status == 200)
                #expect(served.body.count == 16 << 20)
            }
            try await eventually("all is given back") { server.load.answers.held == 0 }
        }
    }

    @Test func `a write is answered even without room`() async throws {
        var limits = Self.limits
        limits.answerMemory = 40 << 20
        let routes = [Self.large(16 << 20), Self.large(16 << 20, .post)]
        try await TestServer.with(routes, limits: limits) { server in
            try await Self.fill(server, to: 20 << 20) {
                let told = try await server.client.send(.post, "/large", fresh: true)
                #expect(told.status == 200)
                #expect(told.body.count == 16 << 20)
            }
        }
    }

    @Test func `a client that reads a byte now and then is closed`() async throws {
        var limits = HTTPServer.Limits()
        limits.writeTimeout = .milliseconds(300)
        limits.writeProgress = 4 << 20
        try await TestServer.with([Self.large(16 << 20)], limits: limits) { server in
            try await server.client.withRawConnection(receiveBuffer: 4096) { raw in
                try await raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await raw.receive(through: "\r\n\r\n")
                try await eventually("the connection is closed") {
                    _ = try? await raw.receive(through: "a")
                    return server.load.connections.load(ordering: .relaxed) == 0
                }
            }
        }
    }
}
