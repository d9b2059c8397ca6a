import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// The plainest HTTP/1.1 server that SwiftNIO can be: one handler, one constant answer.
struct ConstantAnswer {
    private let headers: HTTPHeaders
    private let body: ByteBuffer

    /// `head` is a file of header fields, as `curl --dump-header` writes it. `body` is the file of the payload.
    init(head: String, body: String) throws {
        var headers = HTTPHeaders()
        for line in try String(contentsOfFile: head, encoding: .utf8).split(
            whereSeparator: \.isNewline)
        {
            guard let colon = line.firstIndex(of: ":") else { continue }  // the status line
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers.add(name: String(line[..<colon]), value: String(value))
        }
        self.headers = headers
        self.body = ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: body)))
    }

    /// Serves on loopback until the process is killed.
    func serve(port: Int) async throws {
        let (headers, body) = (headers, body)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        ConstantAnswerHandler(headers: headers, body: body))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await channel.closeFuture.get()
    }
}

private final class ConstantAnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let head: HTTPResponseHead
    private let body: ByteBuffer

    init(headers: HTTPHeaders, body: ByteBuffer) {
        self.head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
        self.body = body
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
