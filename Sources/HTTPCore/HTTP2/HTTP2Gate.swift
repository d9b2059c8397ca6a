import NIOCore
import NIOHTTP2

/// Watches the frames of a connection before NIO's HTTP/2 handler receives them.
///
/// NIO reports a header only when the header is complete. The gate sees the beginning of a header, so that a slow
/// header has a deadline. The gate also limits the number of small frames of kinds that NIO does not limit:
/// WINDOW_UPDATE, unknown types, and DATA with a few bytes.
///
/// The gate does not decide the meaning of a frame. If the gate found wrong boundaries, it would count frames wrongly,
/// but NIO would read the same frames.
final class HTTP2Gate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let connection: HTTP2Connection
    private var scanner = HTTP2FrameScanner()
    private var allowance: FrameAllowance
    /// True if NIO has asked for a read and the read is delayed until the socket accepts bytes.
    private var readIsHeld = false
    /// True between the first bytes of a read and its end.
    private var isReading = false

    init(connection: HTTP2Connection, limits: HTTPServer.Limits) {
        self.connection = connection
        allowance = FrameAllowance(burst: limits.smallFrames)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !connection.isClosing else { return }
        isReading = true
        let before = (scanner.isInHeader, scanner.headers)
        let small = scanner.scan(unwrapInboundIn(data).readableBytesView)
        guard allowance.take(small, now: context.eventLoop.now) else {
            connection.fail(.enhanceYourCalm)
            return
        }
        context.fireChannelRead(data)
        if before != (scanner.isInHeader, scanner.headers) {
            connection.headerChanged(isOpen: scanner.isInHeader)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
    }

    /// Ends the read during which the connection was closed, because NIO does not end this read. NIO's HTTP/2 handler
    /// keeps the streams until the read ends, and the streams keep the handler. Without the end of the read, the
    /// connection would never be released.
    func handlerRemoved(context: ChannelHandlerContext) {
        // NIO removes the HTTP/2 handler after this handler, so the HTTP/2 handler still receives the event.
        if isReading { context.fireChannelReadComplete() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        allowance.credit(bytes: unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }

    /// Delays the read while the client does not read its answers. Without this delay, a client could make the server
    /// queue an unlimited number of answers without a body. The limit on open streams does not apply to these answers,
    /// because their streams are already closed.
    func read(context: ChannelHandlerContext) {
        guard context.channel.isWritable else {
            readIsHeld = true
            return
        }
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if readIsHeld, context.channel.isWritable {
            readIsHeld = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }
}

/// Finds the boundaries of frames in the bytes of a connection (RFC 9113 §4.1).
struct HTTP2FrameScanner {
    private static let prefaceLength = 24
    private static let headerLength = 9
    /// The maximum number of payload bytes of a DATA frame that counts as small.
    private static let smallData = 64

    private var prefaceLeft = Self.prefaceLength
    private var header: [UInt8] = []
    private var payloadLeft = 0
    private var hasFrames = false
    private var endsHeader = false

    /// True while the preface or a header (RFC 9113 §4.3) is incomplete.
    private(set) var isInHeader = true
    /// The number of complete headers.
    private(set) var headers = 0

    init() { header.reserveCapacity(Self.headerLength) }

    /// Reads `bytes`, which follow the bytes of the last call. Returns the number of small frames in them.
    mutating func scan(_ bytes: ByteBufferView) -> Int {
        var rest = bytes
        var small = 0
        Self.skip(&prefaceLeft, &rest)
        while !rest.isEmpty {
            if payloadLeft > 0 {
                Self.skip(&payloadLeft, &rest)
                if payloadLeft == 0 { frameEnded() }
                continue
            }
            let count = min(Self.headerLength - header.count, rest.count)
            header += rest.prefix(count)
            rest = rest.dropFirst(count)
            guard header.count == Self.headerLength else { break }
            if frameBegan() { small += 1 }
            header.removeAll(keepingCapacity: true)
            if payloadLeft == 0 { frameEnded() }
        }
        return small
    }

    private static func skip(_ left: inout Int, _ rest: inout ByteBufferView) {
        let count = min(left, rest.count)
        left -= count
        rest = rest.dropFirst(count)
    }

    /// Reads the header of a frame. Returns true if the frame counts as small.
    private mutating func frameBegan() -> Bool {
        payloadLeft = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
        let (type, flags) = (header[3], header[4])
        // The first frame, which is SETTINGS, ends the preface.
        endsHeader = !hasFrames
        hasFrames = true
        switch type {
        case 0: return payloadLeft < Self.smallData && flags & 0x1 == 0
        case 1, 9:
            isInHeader = true
            endsHeader = flags & 0x4 != 0
            return type == 9 && payloadLeft < Self.smallData
        // Does not count PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING and GOAWAY, because NIO limits or refuses
        // them.
        case 2...7: return false
        default: return true
        }
    }

    private mutating func frameEnded() {
        guard isInHeader, endsHeader else { return }
        isInHeader = false
        headers += 1
    }
}

/// The number of small frames that a client may send. The number begins at `burst`, its maximum. It grows with time. It
/// also grows with the number of bytes that the server sends, because a client that reads a large answer sends a
/// WINDOW_UPDATE for every few kibibytes.
struct FrameAllowance {
    private static let perSecond = 1000
    private static let bytesPerFrame = 256

    private let burst: Int
    private var left: Int
    private var credited = 0
    private var refilledAt: NIODeadline?

    init(burst: Int) {
        self.burst = burst
        left = burst
    }

    /// Takes `count` frames. Returns false if fewer frames are left.
    mutating func take(_ count: Int, now: NIODeadline) -> Bool {
        guard count > 0 else { return true }
        let elapsed = now - (refilledAt ?? now)
        let refill = Int(elapsed.nanoseconds / 1_000_000) * Self.perSecond / 1000
        if refill > 0 || refilledAt == nil { refilledAt = now }
        left = min(burst, left + refill)
        left -= count
        return left >= 0
    }

    /// Adds the frames that a client may send because it has received `bytes` bytes.
    mutating func credit(bytes: Int) {
        credited += bytes
        left = min(burst, left + credited / Self.bytesPerFrame)
        credited %= Self.bytesPerFrame
    }
}
