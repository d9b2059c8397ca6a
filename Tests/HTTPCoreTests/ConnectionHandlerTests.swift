import HTTPCore
import Logging
import NIOCore
import NIOEmbedded
import Testing

/// Tests of one connection without a socket. The test moves the clock.
@Suite struct ConnectionHandlerTests {
    @Test func `the socket is not read beyond what the body's reader wants`() throws {
        let connection = try EmbeddedConnection(routes: [.echo])
        try connection.receive("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        let before = connection.reads
        for _ in 0..<100 { try connection.receive("x") }
        // The high watermark is eight unread chunks.
        #expect(connection.reads - before < 10)
        try connection.finish()
    }

    @Test func `the socket is not read while answers wait for the client`() throws {
        let connection = try EmbeddedConnection(routes: [.hello])
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        let before = connection.reads
        try connection.receive("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try connection.output() == "")
        #expect(connection.reads == before)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try connection.output().hasSuffix("hello"))
        #expect(connection.reads > before)
        try connection.finish()
    }

    @Test func `bytes now and then do not extend the time for a header`() throws {
        let connection = try EmbeddedConnection(routes: [.hello])
        for byte in "GET /hello".utf8 {
            try connection.receive(String(Unicode.Scalar(byte)))
            connection.loop.advanceTime(by: .milliseconds(1001))
        }
        #expect(try connection.output().hasPrefix("HTTP/1.1 408 "))
        try connection.finish()
    }

    @Test func `bytes now and then do not extend the time for a body`() throws {
        let connection = try EmbeddedConnection(routes: [.echo])
        try connection.receive("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<10 {
            try connection.receive("x")
            connection.loop.advanceTime(by: .seconds(20))
        }
        // Three bytes arrived within the 60 seconds for a body; the others were dropped.
        #expect(connection.load.bodies.held == 3)
        try connection.finish()
    }

    @Test func `no deadline passes while a handler works`() throws {
        let connection = try EmbeddedConnection(routes: [.echo])
        try connection.receive(
            "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        connection.loop.advanceTime(by: .hours(1))
        #expect(connection.channel.isActive)
        try connection.finish()
    }

    @Test func `each request restarts the idle time`() throws {
        let connection = try EmbeddedConnection(routes: [.hello])
        for _ in 0..<5 {
            connection.loop.advanceTime(by: .seconds(74))
            try connection.receive("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try connection.output().hasSuffix("hello"))
        }
        connection.loop.advanceTime(by: .seconds(76))
        #expect(!connection.channel.isActive)
    }

    /// The answers to pipelined requests that arrive in one read leave in one write.
    @Test func `answers are written together`() throws {
        let connection = try EmbeddedConnection(routes: [.hello])
        let request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        try connection.receive(String(repeating: request, count: 10))
        let bytes = try #require(try connection.channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: bytes).ranges(of: "200 OK").count == 10)
        #expect(try connection.channel.readOutbound(as: ByteBuffer.self) == nil)
        try connection.finish()
    }
}

/// A connection on NIO's embedded channel. The test reads and writes in place of a socket.
final class EmbeddedConnection {
    let channel: EmbeddedChannel
    private let counter = ReadCounter()
    private let connection: HTTPConnection
    let load: ServerLoad

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }
    /// The number of times that the connection has asked the socket for bytes.
    var reads: Int { counter.reads }

    init(
        routes: [Route], limits: HTTPServer.Limits = HTTPServer.Limits(),
        siteGuard: CrossSiteGuard = .test
    ) throws {
        var builder = RouterBuilder()
        builder.add(routes)
        load = ServerLoad(limits)
        let environment = ConnectionEnvironment(
            router: try builder.build(), limits: limits, siteGuard: siteGuard,
            load: load,
            log: RequestLog(logger: .silent, level: .info, onRequest: nil))
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(counter)
        connection = try HTTPConnection(
            http1: channel, environment: environment, refusal: nil)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Delivers `text` to the connection as the bytes of one read.
    func receive(_ text: String) throws {
        try receive(Array(text.utf8))
    }

    func receive(_ bytes: [UInt8]) throws {
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        channel.read()
        loop.run()
    }

    /// Returns the text that the connection has written since the last call.
    func output() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: bytes)
        }
        return text
    }

    func finish() throws {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var reads = 0

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
}
