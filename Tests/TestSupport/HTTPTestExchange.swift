import HTTPTypes
import NIOCore
import NIOHTTP1

/// A request, and the promise that its answer fulfils.
struct HTTPTestExchange: Sendable {
    let head: HTTPRequestHead
    let body: [UInt8]?
    let answer: EventLoopPromise<HTTPTestResponse>
}

/// Writes requests, and assembles the answers in the order of the requests.
final class HTTPTestExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPTestExchange
    typealias OutboundOut = HTTPClientRequestPart

    /// Reports that the connection ended before the answer was complete.
    struct ConnectionEnded: Error {}

    private var waiting = CircularBuffer<EventLoopPromise<HTTPTestResponse>>()
    private var response: HTTPTestResponse?

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        let exchange = unwrapOutboundIn(data)
        waiting.append(exchange.answer)
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            var fields = HTTPFields()
            for (name, value) in head.headers {
                guard let name = HTTPField.Name(name) else { continue }
                fields.append(HTTPField(name: name, value: value))
            }
            response = HTTPTestResponse(status: Int(head.status.code), headers: fields, body: [])
        case .body(let bytes):
            response?.body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let response, let answer = waiting.popFirst() else { return }
            self.response = nil
            if response.headers[.connection] == "close" { context.close(promise: nil) }
            answer.succeed(response)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        while let answer = waiting.popFirst() { answer.fail(ConnectionEnded()) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        while let answer = waiting.popFirst() { answer.fail(error) }
        context.close(promise: nil)
    }
}
