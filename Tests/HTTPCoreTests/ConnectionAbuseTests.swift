import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Tests that a well-behaved client is served while many other clients abuse the server, and that the server frees all
/// memory and connections afterwards.
@Suite(.timeLimit(.minutes(3))) struct ConnectionAbuseTests {
    private static let large = Route(.get, "/large") { _ in
        Response(contentType: "text/plain", [UInt8](repeating: UInt8(ascii: "x"), count: 400_000))
    }

    private static let stream = Route(.get, "/stream") { _ in
        Response(
            body: .stream { writer in
                let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
                while true { try await writer.write(piece) }
            })
    }

    private static let endless = Route(.get, "/endless") { _ in
        await Gate().wait()
        return Response(status: .noContent)
    }

    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = 32
        limits.bodyBytes = 256_000
        limits.bodyMemory = 1 << 20
        limits.answerMemory = 1 << 20
        limits.headerTimeout = .milliseconds(500)
        limits.bodyTimeout = .milliseconds(500)
        limits.idleTimeout = .seconds(1)
        limits.writeTimeout = .milliseconds(300)
        limits.lingerTimeout = .milliseconds(200)
        limits.halfCloseTimeout = .milliseconds(100)
        return limits
    }

    /// A time far longer than a request takes, and far shorter than the time after which a client gives up.
    private static let patience = Duration.seconds(20)

    @Test(arguments: ConnectionAbuse.all)
    func `a well-behaved client is served during and after the abuse`(abuse: ConnectionAbuse)
        async throws
    {
        try await TestServer.with(
            [.hello, .echo, Self.large, Self.stream, Self.endless], limits: Self.limits
        ) { server in
            let most = Mutex((bodies: 0, answers: 0))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<abuse.count {
                    group.addTask {
                        try? await server.client.withRawConnection(receiveBuffer: 4096) {
                            try await abuse.run($0)
                        }
                    }
                }
                for _ in 0..<3 {
                    try await Self.behave(server)
                    most.withLock {
                        $0.bodies = max($0.bodies, server.load.bodies.held)
                        $0.answers = max($0.answers, server.load.answers.held)
                    }
                }
                try await group.waitForAll()
            }
            try await Self.behave(server)
            await server.client.close()
            try await eventually("everything is given back", timeout: Self.patience) {
                let load = server.load
                return load.bodies.held == 0 && load.answers.held == 0
                    && load.requests.load(ordering: .relaxed) == 0
                    && load.connections.load(ordering: .relaxed) == 0
            }
            let held = most.withLock { $0 }
            #expect(held.bodies <= Self.limits.bodyMemory)
            // Answers of up to 64 KiB may exceed the budget. Each connection can hold one of them.
            #expect(
                held.answers
                    <= Self.limits.answerMemory
                    + (Self.limits.connections + Self.limits.refusedConnections) * (64 << 10))
        }
    }

    @Test func `the promised number of distinct abuses exists`() {
        #expect(ConnectionAbuse.all.count >= 30)
        #expect(Set(ConnectionAbuse.all.map(\.name)).count == ConnectionAbuse.all.count)
    }

    /// Sends a read and a write, each on a new connection. Repeats a request that fails or gets 408 or 503. Each
    /// request must succeed within `patience`.
    private static func behave(_ server: TestServer) async throws {
        try await eventually("a read is answered", timeout: patience) {
            let answer = try? await server.client.send(.get, "/hello", fresh: true)
            #expect([nil, 200, 408, 503].contains(answer?.status))
            return answer?.text == "hello"
        }
        try await eventually("a write is answered", timeout: patience) {
            let answer = try? await server.client.send(.put, "/echo", body: "words", fresh: true)
            #expect([nil, 200, 408, 503].contains(answer?.status))
            return answer?.text == "words"
        }
    }
}
