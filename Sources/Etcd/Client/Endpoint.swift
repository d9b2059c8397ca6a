package import GRPCCore
package import GRPCNIOTransportHTTP2
import Logging
import NIOCore
import NIOHTTP2
import Synchronization

/// One endpoint, and the client that keeps a connection to this endpoint.
///
/// The client is replaced if its connection ends, and when the files of the TLS settings change. New calls then use the
/// new client. A replaced client is shut down when the last of its calls has ended.
package final class Endpoint: Sendable {
    package typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private struct State {
        /// The client for new calls.
        var client: Client
        /// The client that is being checked, and that replaces `client` if the check succeeds.
        var candidate: Client?
        /// The number of calls in progress, by client.
        var calls: [ObjectIdentifier: Int] = [:]
        /// The latest raft term that the member reported; 0 before its first answer.
        var term: UInt64 = 0
        /// True if the endpoint must no longer be used.
        var isStopped = false
    }

    let address: EtcdEndpoint
    private let configuration: EtcdConfiguration
    private let state: Mutex<State>
    /// The clients that `run` must keep running.
    private let clients: AsyncStream<Client>
    private let add: AsyncStream<Client>.Continuation

    init(_ address: EtcdEndpoint, _ configuration: EtcdConfiguration) throws(EtcdError) {
        self.address = address
        self.configuration = configuration
        let client = try Self.client(address, configuration)
        state = Mutex(State(client: client))
        (clients, add) = AsyncStream.makeStream()
        add.yield(client)
    }

    /// The client for new calls.
    package var client: Client { state.withLock { $0.client } }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The latest raft term that the member reported; 0 before its first answer.
    var term: UInt64 { state.withLock { $0.term } }

    func noteTerm(_ term: UInt64) { state.withLock { $0.term = max($0.term, term) } }

    /// Makes a call with the client for new calls. This client is not shut down before `body` ends, even if it is
    /// replaced meanwhile.
    func withClient<Result>(_ body: (Client) async throws -> Result) async throws -> Result {
        let client = state.withLock { state in
            state.calls[ObjectIdentifier(state.client), default: 0] += 1
            return state.client
        }
        defer { endCall(client) }
        return try await body(client)
    }

    private func endCall(_ client: Client) {
        let isUnused = state.withLock { state in
            let id = ObjectIdentifier(client)
            let calls = (state.calls[id] ?? 1) - 1
            state.calls[id] = calls == 0 ? nil : calls
            return calls == 0 && client !== state.client
        }
        if isUnused { client.beginGracefulShutdown() }
    }

    /// Maintains the connections until the task is cancelled, or until `stop()` is called and no call is in progress.
    /// Replaces a connection that ends for any other reason, so that the endpoint stays usable.
    func run(_ logger: Logger) async {
        await withDiscardingTaskGroup { group in
            for await client in clients {
                group.addTask { await self.keep(client, logger) }
            }
        }
    }

    /// Maintains the connection of `client`, and of its successors if its connection ends.
    private func keep(_ client: Client, _ logger: Logger) async {
        var client = client
        var pause = Duration.milliseconds(100)
        while true {
            var failure = "it ended"
            do {
                try await client.runConnections()
            } catch {
                failure = "\(error)"
            }
            guard !Task.isCancelled, isInUse(ended: client) else { return }
            logger.warning(
                "the connection to an etcd endpoint is replaced",
                metadata: ["endpoint": "\(address)", "error": "\(failure)"])
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
            do {
                let next = try Self.client(address, configuration)
                guard replace(client, with: next) else { return }
                client = next
            } catch {
                logger.error("an etcd endpoint cannot be used", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Returns true if `client`, which has ended, is still the client for new calls and must be replaced.
    private func isInUse(ended client: Client) -> Bool {
        state.withLock { state in
            if state.candidate === client { state.candidate = nil }
            return state.client === client && !state.isStopped
        }
    }

    /// Uses `next` for new calls. Returns false if `client` is no longer in use, or if the endpoint has been stopped.
    private func replace(_ client: Client, with next: Client) -> Bool {
        state.withLock { state in
            guard state.client === client, !state.isStopped else { return false }
            state.client = next
            return true
        }
    }

    /// Reads the files of the TLS settings again, and connects anew. New calls use the new connection if `check`
    /// succeeds on it. Otherwise throws, and the old connection stays in use. Must not be called again before it
    /// returns.
    func renew(
        _ check: (Client) async throws(EtcdError) -> Void
    ) async throws(EtcdError) {
        let candidate = try Self.client(address, configuration)
        state.withLock { $0.candidate = candidate }
        add.yield(candidate)
        do throws(EtcdError) {
            try await check(candidate)
        } catch {
            state.withLock { $0.candidate = nil }
            candidate.beginGracefulShutdown()
            throw error
        }
        let unused: Client? = state.withLock { state in
            guard state.candidate === candidate, !state.isStopped else { return candidate }
            state.candidate = nil
            let old = state.client
            state.client = candidate
            return state.calls[ObjectIdentifier(old)] == nil ? old : nil
        }
        unused?.beginGracefulShutdown()
        guard unused !== candidate else {
            throw EtcdError(code: .unavailable, message: "the new connection has ended")
        }
    }

    /// Closes the connections after the calls in progress have ended.
    func stop() {
        let clients = state.withLock { state in
            state.isStopped = true
            return [state.client] + (state.candidate.map { [$0] } ?? [])
        }
        add.finish()
        for client in clients { client.beginGracefulShutdown() }
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
