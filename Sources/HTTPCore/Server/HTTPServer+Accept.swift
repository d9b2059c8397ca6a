import NIOCore
import Synchronization

/// Sets up an accepted connection: makes room for the connection, adds TLS and chooses the protocol.
extension HTTPServer {
    /// The protocols that the server offers in TLS handshakes (ALPN, RFC 7301), the preferred one first.
    static let applicationProtocols = ["h2", "http/1.1"]

    /// Prepares a new connection, and passes the connection to `accept` as soon as it can carry requests.
    func setUp(
        _ channel: any Channel, on address: ListenAddress,
        _ accept: AsyncStream<HTTPConnection>.Continuation
    ) -> EventLoopFuture<Void> {
        Self.peer(of: channel, on: address).flatMapThrowing { [self] peer in
            let refusal = try admit(channel)
            guard address.usesTLS, let tls else {
                try serve(channel, over: nil, peer: peer, refusal: refusal, accept)
                return
            }
            let handshake = HandshakeHandler(environment: environment, credentials: tls) {
                [self] peer, applicationProtocol in
                try serve(channel, over: applicationProtocol, peer: peer, refusal: refusal, accept)
            }
            try handshake.add(to: channel)
        }
    }

    /// Sets up HTTP on a connection. If the connection uses TLS, its handshake must be complete.
    private func serve(
        _ channel: any Channel, over applicationProtocol: String?, peer: Peer?, refusal: Problem?,
        _ accept: AsyncStream<HTTPConnection>.Continuation
    ) throws {
        let connection: HTTPConnection
        switch applicationProtocol {
        case "h2":
            connection = try HTTPConnection(
                http2: channel, environment: environment, peer: peer, refusal: refusal)
        default:
            connection = try HTTPConnection(
                http1: channel, environment: environment, peer: peer, refusal: refusal)
        }
        // Fails if the server stopped accepting connections during the handshake, because no task would serve this
        // connection.
        if case .terminated = accept.yield(connection) { throw ConnectionClosed() }
    }

    /// Returns the client of a Unix domain socket. Returns nil for a TCP connection, because the address of its client
    /// is not known before the connection is active.
    private static func peer(
        of channel: any Channel, on address: ListenAddress
    ) -> EventLoopFuture<Peer?> {
        guard case .unix = address.endpoint, let provider = channel as? any SocketOptionProvider
        else { return channel.eventLoop.makeSucceededFuture(nil) }
        return PeerCredentials.read(provider).map { Peer(address: "unix", userID: $0.userID) }
    }

    /// Counts a new connection. Returns nil if the server can serve the connection. If too many connections are open,
    /// returns the problem to send instead. Throws if there are too many open connections to send even the problem.
    private func admit(_ channel: any Channel) throws -> Problem? {
        let (load, limits) = (environment.load, environment.limits)
        let open = load.connections.wrappingAdd(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { _ in
            load.connections.wrappingSubtract(1, ordering: .relaxed)
        }
        guard open > limits.connections, !makeRoom() else { return nil }
        load.refusedConnections.wrappingAdd(1, ordering: .relaxed)
        // Throws if `refusedConnections` is exceeded. Sending a 503 needs an open connection, so the number of
        // connections that get a 503 is limited.
        guard open <= limits.connections + limits.refusedConnections else {
            throw ConnectionClosed()
        }
        return .tooManyConnections
    }

    /// Closes a connection that is not serving a request. Returns false if there is no such connection.
    private func makeRoom() -> Bool {
        // Closes a lingering connection first, because its last answer has already been sent.
        environment.registry.evictLongest([.linger])
            || environment.registry.evictLongest([.idle, .head])
    }
}
