import Logging
package import NIOCore
import NIOHTTP1

/// One open connection, seen by its task as a sequence of exchanges. An exchange is one request and its answer.
package struct HTTPConnection: Sendable {
    private let channel: any Channel
    private let tasks: AsyncStream<ExchangeTask>
    /// The running tasks of an HTTP/2 connection; nil in HTTP/1.1, which runs one exchange at a time.
    private let running: RunningTasks?

    /// Adds HTTP/1.1 to the channel's pipeline. Must be called on the channel's event loop.
    ///
    /// - Parameters:
    ///   - peer: The client; nil to take its address from the socket.
    ///   - refusal: The problem to send instead of serving the connection; nil to serve the connection.
    package init(
        http1 channel: any Channel, environment: ConnectionEnvironment, peer: Peer? = nil,
        refusal: Problem?
    ) throws {
        let (tasks, continuation) = AsyncStream.makeStream(of: ExchangeTask.self)
        let handler = ConnectionHandler(
            environment: environment, eventLoop: channel.eventLoop, peer: peer, refusal: refusal,
            tasks: continuation)
        let probe = RequestByteProbe(connection: handler, limits: environment.limits)
        handler.probe = probe
        let entry = ConnectionRegistry.Entry(handler, on: channel.eventLoop)
        handler.entry = entry
        // The handlers are added one by one, because `configureHTTPServerPipeline` would add NIO's handlers for
        // pipelining and errors. `ConnectionHandler` does that work. The probe is first, so that it checks bytes before
        // the parser.
        try channel.pipeline.syncOperations.addHandlers([
            probe,
            ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: environment.limits.decoder)),
            handler,
        ])
        environment.registry.add(entry)
        channel.closeFuture.whenComplete { _ in
            environment.registry.remove(entry)
            // Finishes the stream of a channel that was never active. `ConnectionHandler` finishes the stream of any
            // other channel when the channel becomes inactive.
            continuation.finish()
        }
        self.init(channel, tasks: tasks, running: nil)
    }

    init(_ channel: any Channel, tasks: AsyncStream<ExchangeTask>, running: RunningTasks?) {
        self.channel = channel
        self.tasks = tasks
        self.running = running
    }

    /// Runs the connection's exchanges until the connection is closed. Cancellation closes the connection at once.
    package func run() async {
        await withTaskCancellationHandler {
            guard let running else {
                for await task in tasks { await task.run() }
                return
            }
            await withDiscardingTaskGroup { group in
                for await task in tasks {
                    group.addTask {
                        await task.run()
                        running.end()
                    }
                }
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension HTTPServer.Limits {
    /// The limits of the parser. They only bound its memory, because `RequestHead` later applies the exact limits.
    fileprivate var decoder: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = max(targetBytes, headerBytes)
        decoder.maxHeaderListSize = targetBytes + headerBytes
        decoder.maxHeaderFieldCount = headerCount
        return decoder
    }
}

/// The objects that all connections of a server share.
package final class ConnectionEnvironment: Sendable {
    let router: Router
    let limits: HTTPServer.Limits
    let siteGuard: CrossSiteGuard
    /// The value of the field Strict-Transport-Security in answers over TLS (RFC 6797); nil for no field.
    let transportSecurity: String?
    let proxies: TrustedProxies
    let browserFields: BrowserFields
    let load: ServerLoad
    let log: RequestLog
    let registry = ConnectionRegistry()
    let date = ServerDate()
    let requestIDs = RequestIDSource()

    package init(
        router: Router, limits: HTTPServer.Limits, siteGuard: CrossSiteGuard,
        transportSecurity: String? = nil, proxies: TrustedProxies = TrustedProxies(),
        load: ServerLoad, log: RequestLog
    ) {
        self.router = router
        self.limits = limits
        self.siteGuard = siteGuard
        self.transportSecurity = transportSecurity
        self.proxies = proxies
        browserFields = BrowserFields(origins: siteGuard.origins)
        self.load = load
        self.log = log
    }

    /// Starts a graceful shutdown of every connection.
    package func drain() { registry.drain() }

    /// Returns the answer for an error that a handler threw. A thrown `Problem` is the answer; any other error gets a
    /// 500 without details. The error of a cancelled handler gets `Problem.abandoned` and is not logged, because the
    /// client has most likely left.
    func answer(_ error: any Error, _ request: Request) -> Response {
        let (requestID, target) = (request.requestID, request.target)
        if let problem = error as? Problem {
            return problem.identified(path: request.path, requestID: requestID).response
        }
        if Task.isCancelled {
            return Problem.abandoned.identified(path: request.path, requestID: requestID).response
        }
        log.logger.error(
            "request handler failed",
            metadata: [
                "request-id": .string(requestID), "target": .string(target),
                "error": .string(String(reflecting: error)),
            ])
        return Problem.internalServerError.response
    }
}
