import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// One open connection as its task sees it: jobs to run one after the other, and a way to end it.
struct HTTPConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let jobs: AsyncStream<ConnectionJob>

    /// Adds HTTP/1.1 to the channel's pipeline; on its event loop.
    init(
        http1 channel: any Channel, environment: ConnectionEnvironment, refusal: Problem?
    ) throws {
        let (jobs, continuation) = AsyncStream.makeStream(of: ConnectionJob.self)
        let handler = ConnectionHandler(
            environment: environment, refusal: refusal, jobs: continuation)
        let gauge = InboundGauge(connection: handler)
        handler.gauge = gauge
        try channel.pipeline.syncOperations.addHandlers([
            gauge,
            ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: environment.limits.decoder)),
            handler,
        ])
        self.channel = channel
        self.jobs = jobs
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    /// Runs the connection's jobs until it is closed. A graceful shutdown closes it after the request
    /// in hand, cancellation at once.
    func run() async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                for await job in jobs { await job() }
            } onGracefulShutdown: {
                channel.eventLoop.execute { handler.value.drain() }
            }
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
