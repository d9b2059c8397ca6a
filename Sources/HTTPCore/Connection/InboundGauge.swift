import NIOCore
import NIOHTTP1

/// Sits below the parser: sees bytes before they are a request, so that a slow header has a deadline
/// and an error of the parser a cause; drops bytes that no longer matter.
final class InboundGauge: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler
    /// The request line of the request being read has ended.
    private var sawLine = false
    /// The bytes being parsed, if a request begins with them.
    private var start: ByteBuffer?

    init(connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let isStart = connection.state.phase == .idle
        guard connection.bytesArrived() else { return }
        if connection.state.phase == .head {
            let bytes = unwrapInboundIn(data)
            if isStart {
                start = bytes
                sawLine = false
            }
            sawLine = sawLine || bytes.readableBytesView.contains(UInt8(ascii: "\n"))
        }
        context.fireChannelRead(data)
        start = nil
    }

    /// The answer to what the parser could not read.
    func problem(for error: HTTPParserError, limits: HTTPServer.Limits) -> Problem {
        if isHTTP2 { return .versionNotSupported }
        return switch error {
        case .headerOverflow:
            sawLine ? .headerTooLarge(limits) : .targetTooLong(limit: limits.targetBytes)
        case .invalidVersion: .versionNotSupported
        case .invalidMethod where startsWithMethod:
            .notImplemented("The method is not implemented.")
        case .invalidContentLength, .unexpectedContentLength:
            .badRequest("Content-Length is malformed, repeated, or beside Transfer-Encoding.")
        case .invalidChunkSize: .badRequest("A chunk of the body is malformed.")
        case .invalidHeaderToken: .badRequest("A header field is malformed.")
        case .invalidEOFState: .badRequest("The request ended before it was complete.")
        default: .badRequest("The request is malformed.")
        }
    }

    /// The client opens with the preface of HTTP/2 (RFC 9113 §3.4).
    private var isHTTP2: Bool {
        start?.readableBytesView.starts(with: "PRI * HTTP/2.0".utf8) == true
    }

    /// An unknown method (501) is a token and a space; anything else is no HTTP at all (400).
    private var startsWithMethod: Bool {
        guard let start else { return false }
        let token = start.readableBytesView.prefix { isToken($0) }
        return (1...32).contains(token.count) && token.endIndex < start.readableBytesView.endIndex
            && start.readableBytesView[token.endIndex] == UInt8(ascii: " ")
    }
}
