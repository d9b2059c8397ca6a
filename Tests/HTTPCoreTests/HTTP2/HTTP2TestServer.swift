import HTTPCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A server that speaks HTTP/2 on plain TCP. The product speaks it only after TLS has agreed on it; the bytes are the
/// same.
struct HTTP2TestServer: Sendable {
    let client: HTTPTestClient
    let environment: ConnectionEnvironment
    let load: ServerLoad

    /// - Parameter sendBuffer: The size of the kernel's buffer for the bytes of each connection; nil for the default.
    @discardableResult
    static func with<Result: Sendable>(
        _ routes: [Route] = [.hello, .echo], limits: HTTPServer.Limits = HTTPServer.Limits(),
        refusal: Problem? = nil, sendBuffer: Int? = nil,
        onRequest: (@Sendable (RequestSummary) -> Void)? = nil,
        _ body: @Sendable (HTTP2TestServer) async throws -> Result
    ) async throws -> Result {
        var builder = RouterBuilder()
        builder.add(routes)
        let load = ServerLoad(limits)
        let environment = ConnectionEnvironment(
            router: try builder.build(), limits: limits, siteGuard: .test, load: load,
            log: RequestLog(logger: .silent, level: .info, onRequest: onRequest))
        let (accepted, accept) = AsyncStream.makeStream(of: HTTPConnection.self)
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    load.connections.wrappingAdd(1, ordering: .relaxed)
                    channel.closeFuture.whenComplete { _ in
                        load.connections.wrappingSubtract(1, ordering: .relaxed)
                    }
                    accept.yield(
                        try HTTPConnection(
                            http2: channel, environment: environment, refusal: refusal))
                }
            }
        if let sendBuffer {
            bootstrap = bootstrap.childChannelOption(
                .socketOption(.so_sndbuf), value: .init(sendBuffer))
        }
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await withDiscardingTaskGroup { group in
                    for await connection in accepted { group.addTask { await connection.run() } }
                }
            }
            let server = HTTP2TestServer(
                client: HTTPTestClient(port: listener.localAddress?.port ?? 0),
                environment: environment, load: load)
            do {
                let result = try await body(server)
                try await listener.close()
                accept.finish()
                tasks.cancelAll()
                return result
            } catch {
                try? await listener.close()
                accept.finish()
                tasks.cancelAll()
                throw error
            }
        }
    }

    /// Opens a connection, starts HTTP/2 on it, and runs `body`.
    func connect<Result: Sendable>(
        settings: [(UInt16, UInt32)] = [], receiveBuffer: Int? = nil,
        _ body: @Sendable (HTTP2TestClient) async throws -> Result
    ) async throws -> Result {
        try await client.withRawConnection(receiveBuffer: receiveBuffer) { raw in
            let client = HTTP2TestClient(raw)
            try await client.start(settings)
            return try await body(client)
        }
    }

    /// Waits until nothing is held for any connection.
    func isIdle() async throws {
        try await eventually("everything is given back", timeout: .seconds(20)) {
            load.bodies.held == 0 && load.answers.held == 0
                && load.requests.load(ordering: .relaxed) == 0
        }
    }
}
