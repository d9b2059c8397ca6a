package import NIOCore
import NIOHTTP2

extension HTTPConnection {
    /// Adds HTTP/2 to the channel's pipeline, after TLS has agreed on it. Must be called on the channel's event loop.
    ///
    /// - Parameters:
    ///   - peer: The client; nil if the address of the socket says everything about it.
    ///   - refusal: The only answer on this connection; nil if the connection is served.
    package init(
        http2 channel: any Channel, environment: ConnectionEnvironment, peer: Peer? = nil,
        refusal: Problem?
    ) throws {
        let (tasks, continuation) = AsyncStream.makeStream(of: ExchangeTask.self)
        let running = RunningTasks()
        let connection = HTTP2Connection(
            environment: environment, peer: peer, refusal: refusal, running: running,
            tasks: continuation)
        let entry = ConnectionRegistry.Entry(connection, on: channel.eventLoop)
        connection.entry = entry
        let operations = channel.pipeline.syncOperations
        try operations.addHandler(HTTP2Gate(connection: connection, limits: environment.limits))
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        // The result is a sequence of streams that nothing reads: each stream starts its own exchange.
        _ = try operations.configureAsyncHTTP2Pipeline(
            mode: .server, streamDelegate: nil, frameDelegate: connection,
            configuration: environment.limits.http2
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    HTTP2Stream(bound.value, eventLoop: stream.eventLoop))
            }
        }
        try operations.addHandler(connection)
        environment.registry.add(entry)
        channel.closeFuture.whenComplete { _ in
            environment.registry.remove(entry)
            continuation.finish()
        }
        self.init(channel, tasks: tasks, running: running)
    }
}

extension HTTPServer.Limits {
    /// The number of body bytes that a client may send on one stream before the handler wants them. It is the initial
    /// value of HTTP/2 (RFC 9113 §6.9.2).
    static let streamWindow = 65_535

    /// The limits of NIO's HTTP/2 handler. NIO closes the connection with ENHANCE_YOUR_CALM or PROTOCOL_ERROR when a
    /// client exceeds one.
    fileprivate var http2: NIOHTTP2Handler.Configuration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        // A header up to these sizes gets 414 or 431 instead of an error of the connection. HPACK counts 32 bytes for
        // each field (RFC 7541 §4.1). The limit also bounds the encoded size, including CONTINUATION frames.
        let headerList = targetBytes + headerBytes + 32 * (headerCount + 8)
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: headerList),
            HTTP2Setting(parameter: .initialWindowSize, value: Self.streamWindow),
        ]
        connection.headerBlockValidation = .enabled
        connection.contentLengthValidation = .enabled
        // Four streams can send at full speed. Each stream is bounded by its own window.
        connection.targetWindowSize = 4 * Self.streamWindow
        // Empty DATA frames without END_STREAM (CVE-2019-9518). One is allowed, because some clients send it.
        connection.maximumSequentialEmptyDataFrames = 1
        // Answers to PING and SETTINGS that the client does not read (CVE-2019-9512, CVE-2019-9515).
        connection.maximumBufferedControlFrames = 1000
        // A header in endless CONTINUATION frames (CERT VU#421644). Five frames and HEADERS hold 96 KiB.
        connection.maximumSequentialContinuationFrames = 5
        // Frames on a stream that this server has reset are ignored. They are expected for so many streams.
        connection.maximumRecentlyResetStreams = streams
        // Streams that end with an error of the client, in the life of a connection.
        connection.maximumConnectionGlitches = 200
        // PING, SETTINGS and PRIORITY (CVE-2019-9512, CVE-2019-9513, CVE-2019-9515).
        connection.controlFrameRateLimit.maximumCount = 200
        connection.controlFrameRateLimit.windowLength = .seconds(30)
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = Self.streamWindow
        // A writer waits from 64 KiB on, as in HTTP/1.1.
        stream.outboundBufferSizeHighWatermark = 64 << 10
        stream.outboundBufferSizeLowWatermark = 32 << 10
        // Streams that are opened and reset at once (rapid reset, CVE-2023-44487).
        stream.streamResetFrameRateLimit.maximumCount = 200
        stream.streamResetFrameRateLimit.windowLength = .seconds(30)
        // Streams that the client makes the server reset (CVE-2025-8671).
        stream.streamErrorRateLimit.maximumCount = 200
        stream.streamErrorRateLimit.windowLength = .seconds(30)
        return NIOHTTP2Handler.Configuration(connection: connection, stream: stream)
    }
}
