import GRPCCore
import GRPCNIOTransportHTTP2
import NIOCore
import NIOHTTP2

/// One endpoint and the client that keeps a connection to it.
struct Endpoint: Sendable {
    let address: EtcdEndpoint
    let client: GRPCClient<HTTP2ClientTransport.Posix>

    init(_ address: EtcdEndpoint, _ configuration: EtcdConfiguration) throws(EtcdError) {
        self.address = address
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: address.target, transportSecurity: configuration.security(for: address),
                config: configuration.transport)
            self.client = GRPCClient(transport: transport)
        } catch {
            throw EtcdError(
                code: .invalidArgument, message: "etcd endpoint \(address): \(error)", cause: error)
        }
    }
}

extension EtcdEndpoint {
    /// The address itself for an IP address, else a name to be resolved.
    fileprivate var target: any ResolvableTarget {
        switch try? NIOCore.SocketAddress(ipAddress: host, port: port) {
        case .v4: .ipv4(address: host, port: port)
        case .v6: .ipv6(address: host, port: port)
        default: .dns(host: host, port: port)
        }
    }
}

extension EtcdConfiguration {
    /// Milliseconds until a connection is closed whose peer acknowledges nothing that is sent.
    private var deadPeerTimeout: Int {
        Int(clamping: (probeInterval + probeTimeout).components.seconds * 1000)
    }

    // The transport's own keepalive is not used: grpc-swift-nio-transport 2.9 stops it for good as
    // soon as a connection has once been without calls (`ClientConnectionHandler._streamClosed`).
    fileprivate var transport: HTTP2ClientTransport.Posix.Config {
        .defaults {
            $0.http2.authority = tls.serverName
            $0.backoff.initial = .milliseconds(100)
            $0.backoff.max = .seconds(1)
            // The connections of the endpoints in reserve stay.
            $0.connection.maxIdleTime = nil
            $0.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    let http2 = try pipeline.handler(type: NIOHTTP2Handler.self)
                    try pipeline.addHandler(PingResponder(), position: .before(http2))
                    #if os(Linux)
                        try channel.syncOptions?.setOption(.tcpUserTimeout, value: deadPeerTimeout)
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
        /// `TCP_USER_TIMEOUT` of <linux/tcp.h>.
        fileprivate static var tcpUserTimeout: Self {
            ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
        }
    }
#endif
