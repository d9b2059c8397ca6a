import NIOCore
import NIOHTTP1

/// Sits below the parser: sees bytes before they are a request, so that a slow header has a deadline, and
/// lines that the parser would read too kindly are refused; drops bytes that no longer matter.
final class InboundGauge: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler
    private var scanner: RequestScanner
    /// A line that is not complete; its length is bounded by the scanner.
    private var kept = ByteBuffer()

    init(connection: ConnectionHandler, limits: HTTPServer.Limits) {
        self.connection = connection
        scanner = RequestScanner(limits: limits)
    }

    /// Some bytes of a request have come whose header the parser has not given out.
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

    /// The answer to what the parser could not read, of a request whose line is in order.
    static func problem(for error: HTTPParserError, limits: HTTPServer.Limits) -> Problem {
        switch error {
        case .headerOverflow: .headerTooLarge(limits)
        case .invalidVersion: .versionNotSupported
        // The methods of RTSP and ICE are constants that do not go with HTTP.
        case .invalidMethod, .invalidConstant: .notImplemented("The method is not implemented.")
        case .invalidContentLength, .unexpectedContentLength:
            .badRequest("Content-Length is malformed, repeated, or beside Transfer-Encoding.")
        case .invalidChunkSize: .badRequest("A chunk of the body is malformed.")
        case .invalidHeaderToken: .badRequest("A header field is malformed.")
        case .invalidEOFState: .badRequest("The request ended before it was complete.")
        default: .badRequest("The request is malformed.")
        }
    }
}
