import Logging
import NIOCore
import NIOHTTP1

/// One open connection as its task sees it: exchanges to run one after the other.
struct HTTPConnection: Sendable {
    private let channel: any Channel
    private let exchanges: AsyncStream<ExchangeTask>

    /// Adds HTTP/1.1 to the channel's pipeline; on its event loop.
    init(
        http1 channel: any Channel, environment: ConnectionEnvironment, refusal: Problem?
    ) throws {
        let (exchanges, continuation) = AsyncStream.makeStream(of: ExchangeTask.self)
        let handler = ConnectionHandler(
            environment: environment, refusal: refusal, exchanges: continuation)
        let gauge = InboundGauge(connection: handler, limits: environment.limits)
        handler.gauge = gauge
        let entry = ConnectionRegistry.Entry(handler, on: channel.eventLoop)
        handler.entry = entry
        try channel.pipeline.syncOperations.addHandlers([
            gauge,
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

    /// Runs the connection's exchanges until it is closed; cancellation closes it at once.
    func run() async {
        await withTaskCancellationHandler {
            for await exchange in exchanges { await exchange.run() }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension HTTPServer.Limits {
    /// The parser only sees to it that nothing grows without bound; `RequestHead` applies the limits.
    fileprivate var decoder: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = max(targetBytes, headerBytes)
        decoder.maxHeaderListSize = targetBytes + headerBytes
        decoder.maxHeaderFieldCount = headerCount
        return decoder
    }
}

/// What lies between a new socket and HTTP. TLS and the choice of HTTP/2 (ALPN) belong here.
protocol ConnectionInitializer: Sendable {
    /// Prepares the channel and calls `http1` when HTTP/1.1 is to be spoken on it.
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

/// What all connections of a server share.
final class ConnectionEnvironment: Sendable {
    let router: Router
    let limits: HTTPServer.Limits
    let door: RequestDoor
    let load: ServerLoad
    let log: RequestLog
    let registry = ConnectionRegistry()
    let date = ServerDate()
    let requestIDs = RequestIDSource()

    init(
        router: Router, limits: HTTPServer.Limits, door: RequestDoor, load: ServerLoad,
        log: RequestLog
    ) {
        self.router = router
        self.limits = limits
        self.door = door
        self.load = load
        self.log = log
    }

    /// The answer for an error that a handler threw: its problem, or a 500 that tells nothing. An error of a
    /// handler that was cancelled is no failure: its client has most likely left.
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
