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
