import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Tests which connection the server closes when the limit is reached.
@Suite(.timeLimit(.minutes(1))) struct EvictionTests {
    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = 4
        limits.refusedConnections = 2
        return limits
    }

    /// Opens `count` connections, runs `prepare` on each of them, and then runs `body`.
    private static func open(
        _ count: Int, on server: TestServer,
        prepare: @Sendable (HTTPRawConnection) async throws -> Void,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body() }
        try await server.client.withRawConnection { raw in
            try await prepare(raw)
            try await open(count - 1, on: server, prepare: prepare, body)
        }
    }

    enum Idleness: CaseIterable, Sendable {
        case silent, betweenRequests, inHeader, lingering

        var bytes: String {
            switch self {
            case .silent: ""
            case .betweenRequests: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
            case .inHeader: "GET /hello HTT"
            case .lingering: "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            }
        }
    }

    @Test(arguments: Idleness.allCases)
    func `idle connections make room for a new one, however many there are`(
        idleness: Idleness
    ) async throws {
        var limits = Self.limits
        limits.lingerTimeout = .seconds(3600)
        try await TestServer.with([.hello], limits: limits) { server in
            try await Self.open(4, on: server) { raw in
                try await raw.send(idleness.bytes)
                if idleness == .betweenRequests { _ = try await raw.receive(through: "hello") }
                if idleness == .lingering { _ = try await raw.receiveAll() }
            } _: {
                try await eventually("all are there") {
                    server.load.connections.load(ordering: .relaxed) == 4
                }
                for _ in 0..<8 {
                    let answer = try await server.client.send(.get, "/hello", fresh: true)
                    #expect(answer.text == "hello")
                }
                #expect(server.load.evictions.load(ordering: .relaxed) >= 1)
                #expect(server.load.refusedConnections.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test func `the one that has been idle the longest goes first`() async throws {
        try await TestServer.with([.hello], limits: Self.limits) { server in
            try await server.client.withRawConnection { oldest in
                try await oldest.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await oldest.receive(through: "hello")
                try await Self.open(3, on: server) { raw in
                    try await raw.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = try await raw.receive(through: "hello")
                } _: {
                    let answer = try await server.client.send(.get, "/hello", fresh: true)
                    #expect(answer.text == "hello")
                }
                #expect(try await oldest.receiveAll().isEmpty)
            }
            #expect(server.load.evictions.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a connection that serves a request is never evicted`() async throws {
        let mayEnd = Gate()
        let slow = Route(.get, "/slow") { _ in
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        try await TestServer.with([.hello, slow], limits: Self.limits) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let answer = try await server.client.send(.get, "/slow", fresh: true)
                        #expect(answer.text == "done")
                    }
                }
                try await eventually("all are in hand") {
                    server.load.requests.load(ordering: .relaxed) == 4
                }
                let refused = try await raw(
                    server, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", closeOutput: false)
                #expect(refused.hasPrefix("HTTP/1.1 503 "))
                #expect(refused.contains("\r\nRetry-After: 1\r\n"))
                mayEnd.open()
                try await group.waitForAll()
            }
            #expect(server.load.evictions.load(ordering: .relaxed) == 0)
            #expect(server.load.refusedConnections.load(ordering: .relaxed) >= 1)
        }
    }
}
