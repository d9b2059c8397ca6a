import NIOCore
import NIOPosix
import Synchronization

/// A proxy between an HTTP/2 client and a server. Drops the server's frames on streams that a test has frozen, and
/// passes the frames of all other streams (RFC 9113 section 4.1).
package final class FreezingProxy: Sendable {
    /// The open and the frozen streams. A stream is open from the beginning of the server's answer to its end.
    fileprivate struct Streams {
        var open: Set<UInt32> = []
        var frozen: Set<UInt32> = []
    }

    fileprivate let streams = Mutex(Streams())
    private let channel: any Channel

    /// Runs `body` with a proxy to `port` of this machine.
    package static func with<Result: Sendable>(
        to port: Int, _ body: (FreezingProxy) async throws -> Result
    ) async throws -> Result {
        let box = Mutex<FreezingProxy?>(nil)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Reads nothing from the client before the connection to the server exists, because earlier bytes would
            // have no destination.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                guard let proxy = box.withLock({ $0 }) else {
                    return client.close()
                }
                return proxy.connect(client, to: port)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = FreezingProxy(channel)
        box.withLock { $0 = proxy }
        do {
            let result = try await body(proxy)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private init(_ channel: any Channel) { self.channel = channel }

    /// The port of the proxy.
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// Freezes all open streams. Returns the number of open streams.
    package func freezeOpenStreams() -> Int {
        streams.withLock { streams in
            streams.frozen.formUnion(streams.open)
            return streams.open.count
        }
    }

    private func connect(_ client: any Channel, to port: Int) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { server in
                server.eventLoop.makeCompletedFuture {
                    try server.pipeline.syncOperations.addHandlers(
                        FrameDropper(self), Relay(to: client))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { server in
                try client.pipeline.syncOperations.addHandler(Relay(to: server))
                client.setOption(.autoRead, value: true).whenFailure { _ in
                    client.close(promise: nil)
                }
            }
    }
}

/// Copies all bytes from its channel to `other`, a channel of the same event loop. Closes `other` when its channel
/// closes.
private final class Relay: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Splits the bytes from the server into frames, and drops the frames of frozen streams.
private final class FrameDropper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let headerLength = 9
    private let proxy: FreezingProxy
    private var input = ByteBuffer()

    init(_ proxy: FreezingProxy) { self.proxy = proxy }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        while let frame = nextFrame() {
            if passes(frame) { context.fireChannelRead(wrapInboundOut(frame)) }
        }
        input.discardReadBytes()
    }

    private func nextFrame() -> ByteBuffer? {
        let start = input.readerIndex
        guard let high: UInt8 = input.getInteger(at: start),
            let low: UInt16 = input.getInteger(at: start + 1)
        else { return nil }
        return input.readSlice(length: Self.headerLength + Int(high) << 16 + Int(low))
    }

    /// Records the opening or the end of the frame's stream. Returns true if the stream is not frozen. A stream
    /// ends with a frame RST_STREAM (type 3), or with a frame HEADERS (1) or DATA (0) that has the flag END_STREAM
    /// (0x1).
    private func passes(_ frame: ByteBuffer) -> Bool {
        let start = frame.readerIndex
        let type: UInt8 = frame.getInteger(at: start + 3) ?? 0
        let flags: UInt8 = frame.getInteger(at: start + 4) ?? 0
        let stream: UInt32 = (frame.getInteger(at: start + 5) ?? 0) & 0x7FFF_FFFF
        return proxy.streams.withLock { streams in
            if stream != 0, type == 1 { streams.open.insert(stream) }
            if type == 3 || (type <= 1 && flags & 1 != 0) { streams.open.remove(stream) }
            return !streams.frozen.contains(stream)
        }
    }
}
