import Logging
package import NIOCore
import NIOHTTP1

/// One open connection as its task sees it: a sequence of exchanges to run.
package struct HTTPConnection: Sendable {
    private let channel: any Channel
    private let exchanges: AsyncStream<ExchangeTask>

    /// Adds HTTP/1.1 to the channel's pipeline; on its event loop.
    package init(
        http1 channel: any Channel, environment: ConnectionEnvironment, refusal: Problem?
    ) throws {
        let (exchanges, continuation) = AsyncStream.makeStream(of: ExchangeTask.self)
        let handler = ConnectionHandler(
            environment: environment, refusal: refusal, exchanges: continuation)
        let probe = RequestByteProbe(connection: handler, limits: environment.limits)
        handler.probe = probe
        let entry = ConnectionRegistry.Entry(handler, on: channel.eventLoop)
        handler.entry = entry
        try channel.pipeline.syncOperations.addHandlers([
            probe,
            ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: environment.limits.decoder)),
            handler,
        ])
        environment.registry.add(entry)
        channel.closeFuture.whenComplete { _ in
            environment.registry.remove(entry)
            // Also for a channel that never became active.
            continuation.finish()
        }
        self.channel = channel
        self.exchanges = exchanges
    }

    /// Runs the connection's exchanges until it is closed. Cancellation closes it at once.
    func run() async {
        await withTaskCancellationHandler {
            for await exchange in exchanges { await exchange.run() }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension HTTPServer.Limits {
    /// Bounds the memory of the parser. `RequestHead` applies the exact limits.
    fileprivate var decoder: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = max(targetBytes, headerBytes)
        decoder.maxHeaderListSize = targetBytes + headerBytes
        decoder.maxHeaderFieldCount = headerCount
        return decoder
    }
}

/// Sets up a new connection below HTTP. TLS and the choice of HTTP/2 (ALPN) belong here.
protocol ConnectionInitializer: Sendable {
    /// Prepares the channel and calls `http1` if its protocol is HTTP/1.1.
    func initialize(
        _ channel: any Channel,
        http1: @escaping @Sendable (any Channel) -> EventLoopFuture<HTTPConnection>
    ) -> EventLoopFuture<HTTPConnection>
}

/// HTTP/1.1 directly on TCP.
struct PlaintextInitializer: ConnectionInitializer {
    func initialize(
        _ channel: any Channel,
        http1: @escaping @Sendable (any Channel) -> EventLoopFuture<HTTPConnection>
    ) -> EventLoopFuture<HTTPConnection> {
        http1(channel)
    }
}

/// The parts of a server that all its connections share.
package final class ConnectionEnvironment: Sendable {
    let router: Router
    let limits: HTTPServer.Limits
    let siteGuard: CrossSiteGuard
    let load: ServerLoad
    let log: RequestLog
    let registry = ConnectionRegistry()
    let date = ServerDate()
    let requestIDs = RequestIDSource()

    package init(
        router: Router, limits: HTTPServer.Limits, siteGuard: CrossSiteGuard, load: ServerLoad,
        log: RequestLog
    ) {
        self.router = router
        self.limits = limits
        self.siteGuard = siteGuard
        self.load = load
        self.log = log
    }

    /// Returns the answer for an error that a handler threw: its problem, or a 500 without details. An error
    /// of a cancelled handler is not a failure, because its client has most likely left.
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
