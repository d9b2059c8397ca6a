import NIOCore
import NIOHTTP1

/// Handles the bytes of a request before the parser receives them.
///
/// The parser reports a header only when the header is complete, but the probe sees the first byte of the header. A
/// slow header therefore has a deadline from its first byte. The probe also refuses lines that the parser would accept
/// too liberally, and it drops bytes that no longer matter.
final class RequestByteProbe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler
    private var scanner: RequestScanner
    /// The bytes of an incomplete line. The scanner limits the length of a line.
    private var kept = ByteBuffer()

    init(connection: ConnectionHandler, limits: HTTPServer.Limits) {
        self.connection = connection
        scanner = RequestScanner(limits: limits)
    }

    /// True if a part of a request has arrived and the parser has not delivered the request's header.
    var hasBegunRequest: Bool { kept.readableBytes > 0 || !scanner.isBetweenRequests }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard connection.takesBytes() else { return }
        if kept.readableBytes > 0 {
            kept.writeBuffer(&bytes)
            bytes = kept
            kept = ByteBuffer()
        }
        while bytes.readableBytes > 0, !connection.inputIsDead {
            let step = scanner.next(bytes.readableBytesView)
            if case .skip(let count) = step {
                bytes.moveReaderIndex(forwardBy: count)
                continue
            }
            guard connection.bytesArrived() else { return }
            switch step {
            case .skip: break
            case .wait:
                kept = bytes
                return
            case .refuse(let problem):
                connection.parserFailed(problem)
                return
            case .pass(let count):
                guard let slice = bytes.readSlice(length: count) else { return }
                context.fireChannelRead(wrapInboundOut(slice))
                if scanner.hasEndedHead { scanner.setFraming(connection.parsedFraming) }
            }
        }
    }

    /// Returns the problem for a parser error in a request with a valid request line.
    static func problem(for error: HTTPParserError, limits: HTTPServer.Limits) -> Problem {
        switch error {
        case .headerOverflow: .headerTooLarge(limits)
        case .invalidVersion: .versionNotSupported
        // Answers 501, because the parser reports these errors if an HTTP request has a method of RTSP or ICE.
        case .invalidMethod, .invalidConstant: .notImplemented("The method is not implemented.")
        case .invalidContentLength, .unexpectedContentLength:
            .badRequest(
                "Content-Length is malformed, repeated, or combined with Transfer-Encoding.")
        case .invalidChunkSize: .badRequest("A chunk of the body is malformed.")
        case .invalidHeaderToken: .badRequest("A header field is malformed.")
        case .invalidEOFState: .badRequest("The request ended before it was complete.")
        default: .badRequest("The request is malformed.")
        }
    }
}
