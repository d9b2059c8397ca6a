package import NIOCore
import NIOHTTP2

extension HTTPConnection {
    /// Adds HTTP/2 to the channel's pipeline. Must be called on the channel's event loop after the TLS handshake has
    /// chosen HTTP/2.
    ///
    /// - Parameters:
    ///   - peer: The client; nil to take its address from the socket.
    ///   - refusal: The problem to send as the answer to every request; nil to serve the connection.
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
        // Ignores the returned sequence of streams, because each stream starts its own exchange.
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
    /// The number of body bytes that a client may send on one stream before the handler wants them. The number is the
    /// initial window size of HTTP/2 (RFC 9113 §6.9.2).
    static let streamWindow = 65_535

    /// The limits of NIO's HTTP/2 handler. NIO closes the connection with ENHANCE_YOUR_CALM or PROTOCOL_ERROR when a
    /// client exceeds a limit.
    fileprivate var http2: NIOHTTP2Handler.Configuration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        // The limit of NIO is larger than the server's own limits. If a header only slightly exceeds them, the server
        // can therefore answer 414 or 431, and NIO does not end the connection. HPACK counts 32 additional bytes for
        // each field (RFC 7541 §4.1). NIO's limit also bounds the encoded size, including CONTINUATION frames.
        let headerList = targetBytes + headerBytes + 32 * (headerCount + 8)
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: headerList),
            HTTP2Setting(parameter: .initialWindowSize, value: Self.streamWindow),
        ]
        connection.headerBlockValidation = .enabled
        connection.contentLengthValidation = .enabled
        // The window of the connection is large enough for four streams at full speed. Each stream also has its own
        // window.
        connection.targetWindowSize = 4 * Self.streamWindow
        // Limits empty DATA frames without END_STREAM (CVE-2019-9518). Allows one of these frames, because some clients
        // send one.
        connection.maximumSequentialEmptyDataFrames = 1
        // Limits the answers to PING and SETTINGS that the client has not read (CVE-2019-9512, CVE-2019-9515).
        connection.maximumBufferedControlFrames = 1000
        // Limits the CONTINUATION frames of one header (CERT VU#421644). HEADERS and five CONTINUATION frames hold 96
        // KiB.
        connection.maximumSequentialContinuationFrames = 5
        // Lets NIO remember up to this number of streams that the server has reset. NIO ignores the frames that still
        // arrive on these streams.
        connection.maximumRecentlyResetStreams = streams
        // Limits how many streams of one connection may end because of an error of the client.
        connection.maximumConnectionGlitches = 200
        // Limits PING, SETTINGS and PRIORITY frames (CVE-2019-9512, CVE-2019-9513, CVE-2019-9515).
        connection.controlFrameRateLimit.maximumCount = 200
        connection.controlFrameRateLimit.windowLength = .seconds(30)
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = Self.streamWindow
        // Makes a writer wait while 64 KiB or more are unsent, as in HTTP/1.1.
        stream.outboundBufferSizeHighWatermark = 64 << 10
        stream.outboundBufferSizeLowWatermark = 32 << 10
        // Limits streams that the client opens and resets at once (rapid reset, CVE-2023-44487).
        stream.streamResetFrameRateLimit.maximumCount = 200
        stream.streamResetFrameRateLimit.windowLength = .seconds(30)
        // Limits streams that the client makes the server reset (CVE-2025-8671).
        stream.streamErrorRateLimit.maximumCount = 200
        stream.streamErrorRateLimit.windowLength = .seconds(30)
        return NIOHTTP2Handler.Configuration(connection: connection, stream: stream)
    }
}
