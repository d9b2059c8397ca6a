import HTTPCore
import HTTPTypes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct DrainTests {
    @Test func `a graceful shutdown finishes the active request and accepts no other`()
        async throws
    {
        let (isRunning, mayEnd) = (Gate(), Gate())
        let slow = Route(.get, "/slow") { _ in
            isRunning.open()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        try await TestServer.with([slow]) { server in
            async let answer = server.client.send(.get, "/slow")
            await isRunning.wait()
            await server.shutDown()
            try await untilRefused(server)
            mayEnd.open()
            let finished = try await answer
            #expect(finished.text == "done")
            #expect(finished.headers[.connection] == "close")
        }
    }

    @Test func `a graceful shutdown closes idle connections`() async throws {
        try await TestServer.with([.hello]) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await raw.receive(through: "hello")
                await server.shutDown()
                #expect(try await raw.receiveAll().isEmpty)
            }
        }
    }

    @Test func `a request that does not end is cut when the drain timeout has passed`()
        async throws
    {
        let (isRunning, never) = (Gate(), Gate())
        let stuck = Route(.get, "/stuck") { _ in
            isRunning.open()
            await never.wait()
            return Response()
        }
        var limits = HTTPServer.Limits()
        limits.drainTimeout = .milliseconds(100)
        try await TestServer.with([stuck], limits: limits) { server in
            async let answer = server.client.send(.get, "/stuck")
            await isRunning.wait()
            await server.shutDown()
            do {
                _ = try await answer
                Issue.record("the stuck request was answered")
            } catch {}
        }
    }

    @Test func `an address in use is an error of run`() async throws {
        try await TestServer.with([.hello]) { server in
            let second = HTTPServer(
                listen: [ListenAddress(host: "127.0.0.1", port: server.client.port)],
                router: try RouterBuilder().build(), logger: .silent)
            await #expect(throws: (any Error).self) { try await second.run() }
            await #expect(throws: (any Error).self) { try await second.boundAddresses }
        }
    }

    /// Waits until the listening socket is closed.
    private func untilRefused(_ server: TestServer) async throws {
        while true {
            do {
                try await server.client.withRawConnection { _ in }
                await Task.yield()
            } catch {
                return
            }
        }
    }
}
