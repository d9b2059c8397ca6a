import HTTPCore
import HTTPTypes
import Logging
import ServiceLifecycle
import TestSupport

/// A server on a free loopback port while a test's body runs, then shut down gracefully.
struct TestServer: Sendable {
    let client: HTTPTestClient
    let load: ServerLoad
    private let group: ServiceGroup

    /// Begins a graceful shutdown; `with` waits for its end.
    func shutDown() async {
        await group.triggerGracefulShutdown()
    }

    @discardableResult
    static func with<Result: Sendable>(
        _ routes: [Route], limits: HTTPServer.Limits = HTTPServer.Limits(),
        siteGuard: CrossSiteGuard = .test, logger: Logger = .silent,
        onRequest: (@Sendable (RequestSummary) -> Void)? = nil,
        _ body: @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        var builder = RouterBuilder()
        builder.add(routes)
        let load = ServerLoad(limits)
        let server = HTTPServer(
            listen: [ListenAddress(host: "127.0.0.1", port: 0)], router: try builder.build(),
            limits: limits, siteGuard: siteGuard, load: load, logger: logger, onRequest: onRequest)
        let group = ServiceGroup(services: [server], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await server.boundAddresses[0].port
            let test = TestServer(client: HTTPTestClient(port: port), load: load, group: group)
            do {
                let result = try await body(test)
                await test.client.close()
                await test.shutDown()
                try await tasks.waitForAll()
                return result
            } catch {
                await test.shutDown()
                throw error
            }
        }
    }
}

extension CrossSiteGuard {
    /// Tests say `Host: a`.
    static let test = CrossSiteGuard(hosts: ["a"])
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension Route {
    /// GET `/hello` from memory.
    static let hello = Route(immediate: .get, "/hello") { _ in
        Response(contentType: "text/plain", Array("hello".utf8))
    }

    /// PUT `/echo` answers with the body.
    static let echo = Route(.put, "/echo", accepts: ["text/plain"]) { request in
        Response(contentType: "text/plain", try await request.body.collect())
    }
}

/// Lets tests wait for something to have happened, once.
struct Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() {
        continuation.finish()
    }

    /// Returns when the gate is open, or when the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
