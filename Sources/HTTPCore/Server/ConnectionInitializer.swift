import NIOCore
import NIOHTTP1

/// What lies between a new socket and HTTP. TLS and the choice of HTTP/2 (ALPN) belong here.
protocol ConnectionInitializer: Sendable {
    /// Prepares the channel and calls `http1` when HTTP/1.1 is to be spoken on it.
    func initialize(
        _ channel: any Channel,
        http1: @escaping @Sendable (any Channel) -> EventLoopFuture<HTTPConnection>
    ) -> EventLoopFuture<HTTPConnection>
}

/// HTTP/1.1 directly on TCP.
struct PlaintextInitializer: ConnectionInitializer {
    func initialize(
        _ channel: any Channel,
        http1: @escaping @Sendable (any Channel) -> EventLoopFuture<HTTPConnection>
    ) -> EventLoopFuture<HTTPConnection> {
        http1(channel)
    }
}
