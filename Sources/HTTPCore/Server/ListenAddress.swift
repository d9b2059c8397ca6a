import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An address to listen on. Its text is `host:port`, with an IPv6 address in brackets, or `unix:` and a path.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Endpoint: Hashable, Sendable {
        /// A host name or an IP address without brackets, and a port, 0...65535. If the port is 0, the system chooses a
        /// port.
        case tcp(host: String, port: Int)
        /// The path of a Unix domain socket.
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// True if the clients of a TCP address must use TLS.
    package var usesTLS = false

    package init(host: String, port: Int, usesTLS: Bool = false) {
        endpoint = .tcp(host: host, port: port)
        self.usesTLS = usesTLS
    }

    package init(unixPath path: String) {
        endpoint = .unix(path: path)
    }

    /// The port; 0 for a Unix domain socket.
    package var port: Int {
        if case .tcp(_, let port) = endpoint { port } else { 0 }
    }

    /// Reads `host:port` or `[IPv6 address]:port`. Returns nil for any other text.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(decimal: text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    package var description: String {
        switch endpoint {
        case .tcp(let host, let port) where host.contains(":"): "[\(host)]:\(port)"
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address as a URL, such as `http://127.0.0.1:8080`, or `unix:` and a path.
    package var url: String {
        switch endpoint {
        case .tcp: (usesTLS ? "https://" : "http://") + description
        case .unix: description
        }
    }
}

/// The error that `HTTPServer.run` throws if it cannot listen on an address. The error contains the reason from the
/// operating system.
package struct ListenError: Error, CustomStringConvertible {
    package let address: ListenAddress
    package let reason: String

    init(address: ListenAddress, cause: any Error) {
        self.address = address
        let text = (cause as? IOError).flatMap { strerror($0.errnoCode) }
        reason = text.map { String(cString: $0) } ?? "\(cause)"
    }

    package var description: String { "cannot listen on \(address): \(reason)" }
}

/// The error that `HTTPServer.run` throws if a listener ends unexpectedly.
package struct ListenerFailure: Error, CustomStringConvertible {
    package let address: ListenAddress

    package var description: String {
        "the listener on \(address) has failed; clients cannot reach the server there"
    }
}

/// Logs once per outage that a listener cannot accept connections. Without this handler, a lack of descriptors (EMFILE)
/// would not be logged.
final class AcceptErrorLog: ChannelInboundHandler {
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
                "cannot accept new connections; retrying every second",
                metadata: ["listen": .string("\(address)"), "error": .string("\(error)")])
        }
        context.fireErrorCaught(error)
    }
}
