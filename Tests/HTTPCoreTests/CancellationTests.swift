import HTTPCore
import HTTPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Tests that the server cancels work whose client no longer waits.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    /// A handler that ends only by cancellation. One gate opens when the handler begins, and the other after its
    /// cancellation.
    private struct Endless: Sendable {
        let hasBegun = Gate()
        let wasCancelled = Gate()

        /// Waits until the task is cancelled.
        func run() async {
            hasBegun.open()
            await Gate().wait()
            if Task.isCancelled { wasCancelled.open() }
        }
    }

    enum Leaving: CaseIterable, Sendable { case close, reset }

    @Test(arguments: Leaving.allCases)
    func `a client that leaves cancels the handler of its request`(leaving: Leaving) async throws {
        let endless = Endless()
        let route = Route(.get, "/endless") { _ in
            await endless.run()
            return Response()
        }
        try await TestServer.with([route]) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                await endless.hasBegun.wait()
                if leaving == .reset { try await raw.reset() } else { raw.close() }
                await endless.wasCancelled.wait()
            }
        }
    }

    @Test func `a client that leaves cancels the writer of its stream`() async throws {
        let endless = Endless()
        let route = Route(.get, "/stream") { _ in
            Response(
                body: .stream { writer in
                    try await writer.write("begin")
                    await endless.run()
                })
        }
        try await TestServer.with([route]) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await raw.receive(through: "begin")
                try await raw.reset()
                await endless.wasCancelled.wait()
            }
        }
    }

    @Test func `a client that leaves cancels a handler that waits for its body`() async throws {
        let (hasBegun, hasEnded) = (Gate(), Gate())
        let route = Route(.put, "/body", accepts: ["text/plain"]) { request in
            defer { hasEnded.open() }
            hasBegun.open()
            return Response(body: .bytes(try await request.body.collect()))
        }
        try await TestServer.with([route]) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                await hasBegun.wait()
                try await raw.reset()
                await hasEnded.wait()
            }
        }
    }

    @Test func `requests behind the active one are not begun after the client has left`()
        async throws
    {
        let endless = Endless()
        let began = Mutex(0)
        let route = Route(.get, "/endless") { _ in
            began.withLock { $0 += 1 }
            await endless.run()
            return Response()
        }
        try await TestServer.with([route]) { server in
            try await server.client.withRawConnection { raw in
                let request = "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"
                try await raw.send(request + request + request)
                await endless.hasBegun.wait()
                try await raw.reset()
                await endless.wasCancelled.wait()
            }
        }
        #expect(began.withLock { $0 } == 1)
    }

    /// `nc` and HTTP/1.0 clients close their sending side after the request.
    @Test func `a client that closes its side gets an answer that is ready in time`() async throws {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let route = Route(.get, "/slow") { _ in
            hasBegun.open()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        var limits = HTTPServer.Limits()
        limits.halfCloseTimeout = .seconds(3600)
        try await TestServer.with([route], limits: limits) { server in
            let text = try await server.client.withRawConnection { raw in
                try await raw.send("GET /slow HTTP/1.0\r\n\r\n")
                await hasBegun.wait()
                raw.closeOutput()
                mayEnd.open()
                return String(decoding: try await raw.receiveAll(), as: UTF8.self)
            }
            #expect(text.hasPrefix("HTTP/1.1 200 OK"))
            #expect(text.hasSuffix("done"))
        }
    }

    @Test
    func
        `the handler of a client that closed its side long ago is cancelled, and the client is told`()
        async throws
    {
        let endless = Endless()
        let route = Route(.get, "/endless") { _ in
            await endless.run()
            try Task.checkCancellation()
            return Response()
        }
        var limits = HTTPServer.Limits()
        limits.halfCloseTimeout = .milliseconds(50)
        try await TestServer.with([route], limits: limits) { server in
            let text = try await server.client.withRawConnection { raw in
                try await raw.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                // A handler that has not begun would never begin.
                await endless.hasBegun.wait()
                raw.closeOutput()
                return String(decoding: try await raw.receiveAll(), as: UTF8.self)
            }
            await endless.wasCancelled.wait()
            #expect(text.hasPrefix("HTTP/1.1 503 "))
            #expect(text.contains("closed its side"))
        }
    }

    @Test func `a stream to a client that has closed its side is written to its end`() async throws
    {
        let mayEnd = Gate()
        let route = Route(.get, "/stream") { _ in
            Response(
                body: .stream { writer in
                    try await writer.write("begin ")
                    await mayEnd.wait()
                    try await writer.write("end")
                })
        }
        var limits = HTTPServer.Limits()
        limits.halfCloseTimeout = .zero
        try await TestServer.with([route], limits: limits) { server in
            let text = try await server.client.withRawConnection { raw in
                try await raw.send("GET /stream HTTP/1.0\r\n\r\n")
                _ = try await raw.receive(through: "begin ")
                raw.closeOutput()
                // The pause gives the server time to see the half-close, which it must not treat as a client that has
                // left.
                try await Task.sleep(for: .milliseconds(50))
                mayEnd.open()
                return String(decoding: try await raw.receiveAll(), as: UTF8.self)
            }
            #expect(text == "end")
        }
    }

    /// A busy server may begin a request only after `halfCloseTimeout`. The client must still get an answer.
    @Test func `a request that was not begun in time is still answered`() async throws {
        let route = Route(.get, "/slow") { _ in Response() }
        var limits = HTTPServer.Limits()
        limits.halfCloseTimeout = .zero
        try await TestServer.with([route], limits: limits) { server in
            for _ in 0..<50 {
                let text = try await raw(server, "GET /slow HTTP/1.0\r\n\r\n")
                #expect(["200", "503"].contains(text.dropFirst(9).prefix(3)))
            }
        }
    }

    @Test func `a cancelled handler is not logged as a failure`() async throws {
        let log = LineLog()
        let endless = Endless()
        let hasEnded = Gate()
        let route = Route(.get, "/endless") { _ in
            defer { hasEnded.open() }
            await endless.run()
            throw CancellationError()
        }
        try await TestServer.with([route], logger: log.logger) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                await endless.hasBegun.wait()
                try await raw.reset()
                await hasEnded.wait()
            }
        }
        #expect(!log.lines.contains { $0.contains("failed") })
    }
}
