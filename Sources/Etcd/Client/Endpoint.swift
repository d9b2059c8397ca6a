package import GRPCCore
package import GRPCNIOTransportHTTP2
import Logging
import NIOCore
import NIOHTTP2
import Synchronization

/// One endpoint, and the client that keeps a connection to this endpoint.
package final class Endpoint: Sendable {
    package typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private struct State {
        var client: Client
        /// The latest raft term that the member reported; 0 before its first answer.
        var term: UInt64 = 0
        /// True if the endpoint must no longer be used.
        var isStopped = false
    }

    let address: EtcdEndpoint
    private let configuration: EtcdConfiguration
    private let state: Mutex<State>

    init(_ address: EtcdEndpoint, _ configuration: EtcdConfiguration) throws(EtcdError) {
        self.address = address
        self.configuration = configuration
        state = Mutex(State(client: try Self.client(address, configuration)))
    }

    package var client: Client { state.withLock { $0.client } }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The latest raft term that the member reported; 0 before its first answer.
    var term: UInt64 { state.withLock { $0.term } }

    func noteTerm(_ term: UInt64) { state.withLock { $0.term = max($0.term, term) } }

    /// Maintains the connection until the task is cancelled or `stop()` is called. Replaces a connection that ends for
    /// any other reason, so that the endpoint stays usable.
    func run(_ logger: Logger) async {
        var pause = Duration.milliseconds(100)
        while true {
            var failure = "it ended"
            do {
                try await client.runConnections()
            } catch {
                failure = "\(error)"
            }
            if Task.isCancelled || isStopped { return }
            logger.warning(
                "the connection to an etcd endpoint is replaced",
                metadata: ["endpoint": "\(address)", "error": "\(failure)"])
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
            renew(logger)
        }
    }

    /// Closes the connection after the calls in progress have ended.
    func stop() {
        let client = state.withLock { state in
            state.isStopped = true
            return state.client
        }
        client.beginGracefulShutdown()
    }

    private func renew(_ logger: Logger) {
        do {
            let client = try Self.client(address, configuration)
            let isStopped = state.withLock { state in
                state.client = client
                return state.isStopped
            }
            // Stops the new client if `stop()` was called while the new client was created. That call of `stop()` may
            // have stopped only the old client.
            if isStopped { client.beginGracefulShutdown() }
        } catch {
            logger.error("an etcd endpoint cannot be used", metadata: ["error": "\(error)"])
        }
    }

    private static func client(
        _ address: EtcdEndpoint, _ configuration: EtcdConfiguration
    ) throws(EtcdError) -> Client {
        do {
            return GRPCClient(
                transport: try HTTP2ClientTransport.Posix(
                    target: address.target,
                    transportSecurity: configuration.security(for: address),
                    config: configuration.transport))
        } catch {
            throw EtcdError(
                code: .invalidArgument, message: "etcd endpoint \(address): \(error)", cause: error)
        }
    }
}

extension EtcdEndpoint {
    /// The IP address of the endpoint, or a name that the transport must resolve.
    fileprivate var target: any ResolvableTarget {
        switch try? NIOCore.SocketAddress(ipAddress: host, port: port) {
        case .v4: .ipv4(address: host, port: port)
        case .v6: .ipv6(address: host, port: port)
        default: .dns(host: host, port: port)
        }
    }
}

extension EtcdConfiguration {
    /// The time in milliseconds after which the kernel closes a connection whose peer does not acknowledge the sent
    /// data.
    private static let deadPeerTimeout = 15_000

    // The transport's own keepalive is not used, for two reasons. In grpc-swift-nio-transport 2.9, the keepalive stops
    // permanently after a connection has once been without calls (`ClientConnectionHandler._streamClosed`). In
    // addition, etcd closes a connection that pings more often than every 5 s (`--grpc-keepalive-min-time`).
    // `EtcdClient+Supervision` replaces the keepalive: it asks the member for its status.
    fileprivate var transport: HTTP2ClientTransport.Posix.Config {
        .defaults {
            $0.http2.authority = tls.serverName
            $0.backoff.initial = .milliseconds(100)
            $0.backoff.max = .seconds(1)
            // Keeps the connections of unused endpoints open, so that a switch to another endpoint takes no time.
            $0.connection.maxIdleTime = nil
            $0.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    let http2 = try pipeline.handler(type: NIOHTTP2Handler.self)
                    // Adds both handlers between TLS and HTTP/2, where they see TLS errors and decrypted frames.
                    try pipeline.addHandler(CertificateWitness(), position: .before(http2))
                    try pipeline.addHandler(PingResponder(), position: .before(http2))
                    #if os(Linux)
                        try channel.syncOptions?.setOption(
                            .tcpUserTimeout, value: Self.deadPeerTimeout)
                    #endif
                }
            }
        }
    }

    fileprivate func security(
        for endpoint: EtcdEndpoint
    ) -> HTTP2ClientTransport.Posix.TransportSecurity {
        guard endpoint.usesTLS else { return .plaintext }
        return .tls { security in
            if let caFile = tls.caFile {
                security.trustRoots = .certificates([.file(path: caFile, format: .pem)])
            }
            if let certificate = tls.certificateFile, let key = tls.keyFile {
                security.certificateChain = [.file(path: certificate, format: .pem)]
                security.privateKey = .file(path: key, format: .pem)
            }
        }
    }
}

#if os(Linux)
    extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
        /// The option `TCP_USER_TIMEOUT` of <linux/tcp.h>.
        fileprivate static var tcpUserTimeout: Self {
            ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
        }
    }
#endif
