import HTTPCore
import HTTPTypes
import Logging
import ServiceLifecycle
import TestSupport

/// A server that listens on a free loopback port while a test's body runs. It is then shut down gracefully.
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
        _ routes: [Route], listen: ListenAddress = ListenAddress(host: "127.0.0.1", port: 0),
        tls: TLSCredentials? = nil, limits: HTTPServer.Limits = HTTPServer.Limits(),
        siteGuard: CrossSiteGuard = .test, proxies: TrustedProxies = TrustedProxies(),
        logger: Logger = .silent,
        onRequest: (@Sendable (RequestSummary) -> Void)? = nil,
        _ body: @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        var builder = RouterBuilder()
        builder.add(routes)
        let load = ServerLoad(limits)
        let server = HTTPServer(
            listen: [listen], tls: tls, router: try builder.build(), limits: limits,
            siteGuard: siteGuard, transportSecurity: "max-age=1000", proxies: proxies, load: load,
            logger: logger, onRequest: onRequest)
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
    /// The guard for tests, whose requests have `Host: a`.
    static let test = CrossSiteGuard(hosts: ["a"])
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension Route {
    /// The route GET `/hello`, which is answered on the event loop.
    static let hello = Route(immediate: .get, "/hello") { _ in
        Response(contentType: "text/plain", Array("hello".utf8))
    }

    /// The route PUT `/echo`, which answers with the body of the request.
    static let echo = Route(.put, "/echo", accepts: ["text/plain"]) { request in
        Response(contentType: "text/plain", try await request.body.collect())
    }
}

/// A gate that opens once. A test waits for it before it continues.
struct Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() {
        continuation.finish()
    }

    /// Waits until the gate is open or the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
