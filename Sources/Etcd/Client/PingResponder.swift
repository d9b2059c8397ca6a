package import NIOCore

/// Answers the server's PING frames before `NIOHTTP2Handler` receives them, and passes on all other frames.
///
/// etcd is a Go gRPC server and sends a PING with most requests to probe the bandwidth. swift-nio-http2 closes a
/// connection that receives more than 200 control frames in 30 s. grpc-swift-nio-transport 2.9 does not expose that
/// limit. Delete this handler when a later version exposes it. RFC 9113 §4.1 defines frames, and §6.7 defines PING.
final class PingResponder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var frames = PingFilter()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        let (forward, pings) = frames.filter(&input)
        for ping in pings {
            context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
        }
        for part in forward where part.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(part))
        }
    }
}

/// Reads the frames of a byte stream and removes the PING requests from it.
package struct PingFilter {
    private static let headerLength = 9
    private static let pingLength = 8

    /// The number of remaining bytes of a frame that is being passed on.
    private var passing = 0
    /// The first bytes of a frame whose header is incomplete, or of an incomplete PING frame.
    private var undecided = ByteBuffer()

    package init() {}

    /// Returns the bytes to pass on, in order and mostly without a copy. Also returns the answers to the PINGs.
    package mutating func filter(_ input: inout ByteBuffer) -> (
        forward: [ByteBuffer], answers: [ByteBuffer]
    ) {
        var forward: [ByteBuffer] = []
        var answers: [ByteBuffer] = []
        if undecided.readableBytes > 0 {
            undecided.writeBuffer(&input)
            swap(&undecided, &input)
            undecided.clear()
        }
        // The slices are taken from this copy. `getSlice` reaches only unread bytes, and in the copy all bytes stay
        // unread.
        let whole = input
        var start = input.readerIndex
        while input.readableBytes > 0 {
            if passing > 0 {
                let count = min(passing, input.readableBytes)
                input.moveReaderIndex(forwardBy: count)
                passing -= count
                continue
            }
            guard let isPing = Self.startsWithPing(input) else { break }
            guard isPing else {
                passing = Self.headerLength + Self.payloadLength(input)
                continue
            }
            guard input.readableBytes >= Self.headerLength + Self.pingLength else { break }
            Self.append(whole, start..<input.readerIndex, to: &forward)
            input.moveReaderIndex(forwardBy: Self.headerLength)
            answers.append(Self.answer(opaque: input.readSlice(length: Self.pingLength)))
            start = input.readerIndex
        }
        Self.append(whole, start..<input.readerIndex, to: &forward)
        if input.readableBytes > 0 { undecided = input.slice() }
        return (forward, answers)
    }

    private static func append(
        _ input: ByteBuffer, _ range: Range<Int>, to parts: inout [ByteBuffer]
    ) {
        guard !range.isEmpty, let part = input.getSlice(at: range.lowerBound, length: range.count)
        else { return }
        parts.append(part)
    }

    private static func payloadLength(_ frame: ByteBuffer) -> Int {
        let high: UInt8 = frame.getInteger(at: frame.readerIndex) ?? 0
        let low: UInt16 = frame.getInteger(at: frame.readerIndex + 1) ?? 0
        return Int(high) << 16 | Int(low)
    }

    /// Returns true if the frame is a PING without ACK; nil if the header is incomplete.
    private static func startsWithPing(_ frame: ByteBuffer) -> Bool? {
        guard frame.readableBytes >= headerLength else { return nil }
        let type: UInt8? = frame.getInteger(at: frame.readerIndex + 3)
        let flags: UInt8 = frame.getInteger(at: frame.readerIndex + 4) ?? 0
        let stream: UInt32? = frame.getInteger(at: frame.readerIndex + 5)
        return type == 6 && flags & 1 == 0 && stream == 0 && payloadLength(frame) == pingLength
    }

    private static func answer(opaque: ByteBuffer?) -> ByteBuffer {
        var answer = ByteBuffer(bytes: [0, 0, UInt8(pingLength), 6, 1, 0, 0, 0, 0])
        if var opaque { answer.writeBuffer(&opaque) }
        return answer
    }
}
