import Logging
import NIOCore

/// Says in the log that a listener cannot take connections, once for each outage: descriptors that have run
/// out (EMFILE) would otherwise be silent.
final class AcceptErrors: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let address: ListenAddress
    private let logger: Logger
    private var isFailing = false

    init(address: ListenAddress, logger: Logger) {
        self.address = address
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isFailing = false
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isFailing {
            isFailing = true
            logger.error(
                "new connections cannot be taken; trying again every second",
                metadata: ["listen": .string("\(address)"), "error": .string("\(error)")])
        }
        context.fireErrorCaught(error)
    }
}
