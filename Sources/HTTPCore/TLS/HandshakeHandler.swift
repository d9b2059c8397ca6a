import Logging
import NIOCore
import NIOSSL
import NIOTLS
import SwiftASN1
import Synchronization
import X509

/// Waits for the TLS handshake of a new connection and then sets up HTTP. In the pipeline, the handler is between TLS
/// and HTTP. It removes itself after the handshake.
///
/// The server counts a connection from the start of the handshake. During the handshake, the server can close the
/// connection to make room, and closes it when the handshake takes too long.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let environment: ConnectionEnvironment
    private let credentials: TLSCredentials
    private let material: TLSMaterial
    private let tls: NIOSSLServerHandler
    private let established: (Peer, _ applicationProtocol: String?) throws -> Void
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var entry: ConnectionRegistry.Entry?

    /// - Parameter established: A closure that sets up HTTP. It is called on the event loop after a successful
    ///   handshake.
    init(
        environment: ConnectionEnvironment, credentials: TLSCredentials,
        established: @escaping (Peer, _ applicationProtocol: String?) throws -> Void
    ) {
        self.environment = environment
        self.credentials = credentials
        self.established = established
        material = credentials.material
        tls = NIOSSLServerHandler(context: material.context)
    }

    /// Adds TLS and this handler to the pipeline of a new connection. Also adds the connection to the registry. `end`
    /// removes the connection from the registry after the handshake, or when the connection is closed.
    func add(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandlers([tls, self])
        let entry = ConnectionRegistry.Entry(self, on: channel.eventLoop)
        self.entry = entry
        environment.registry.add(entry)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    /// Starts the deadline of the handshake. Does not pass on `channelActive`, because there is no handler behind this
    /// one yet.
    func channelActive(context: ChannelHandlerContext) {
        let timeout = TimeAmount(environment.limits.handshakeTimeout)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            self?.fail("the handshake took too long")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let applicationProtocol)? = event as? TLSUserEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        var peer = Peer(context.remoteAddress)
        do {
            peer.tls = try session(context.channel)
        } catch {
            fail("\(error)")
            return
        }
        end()
        do {
            try established(peer, applicationProtocol)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(HandshakeFailure.reason(error))
    }

    /// Returns the TLS session, with the client's certificate if the client sent one. Throws if that certificate cannot
    /// be read, is revoked or has expired.
    private func session(_ channel: any Channel) throws(HandshakeFailure) -> TLSSession {
        var session = TLSSession(version: tls.tlsVersion?.name ?? "", serverNames: material.names)
        guard let native = tls.peerCertificate else { return session }
        guard let bytes = try? native.toDERBytes(),
            let certificate = try? Certificate(derEncoded: bytes)
        else { throw HandshakeFailure("the client's certificate cannot be read") }
        guard credentials.admit(channel, certificate) else {
            throw HandshakeFailure("the client's certificate is revoked or has expired")
        }
        session.certificate = ClientCertificate(certificate, derBytes: bytes)
        return session
    }

    /// Cancels the deadline and removes the connection from the registry. The server then no longer closes the
    /// connection to make room.
    private func end() {
        deadline?.cancel()
        deadline = nil
        if let entry { environment.registry.remove(entry) }
        // The entry and this handler refer to each other. Setting `entry` to nil lets both be released.
        entry = nil
    }

    private func fail(_ reason: String) {
        guard entry != nil, let context else { return }
        end()
        environment.load.failedHandshakes.wrappingAdd(1, ordering: .relaxed)
        environment.log.logger.debug(
            "TLS handshake failed",
            metadata: [
                "remote": .string(Peer(context.remoteAddress).address), "reason": .string(reason),
            ])
        context.close(promise: nil)
    }

    func evict(ifDoing activities: Set<ConnectionRegistry.Activity>) {
        guard entry != nil else { return }
        environment.load.evictions.wrappingAdd(1, ordering: .relaxed)
        end()
        context?.close(promise: nil)
    }

    func drain() {
        guard entry != nil else { return }
        end()
        context?.close(promise: nil)
    }
}

/// The reason why a handshake failed, for the log.
struct HandshakeFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Returns a readable reason for `error`. From the text of a BoringSSL error, uses only the name of the error,
    /// because the text also contains paths of BoringSSL's source files.
    static func reason(_ error: any Error) -> String {
        let text = "\(error)"
        let mark = "OPENSSL_internal:"
        guard let range = text.firstRange(of: mark) else {
            return text.contains("uncleanShutdown") || text.contains("EOF")
                ? "the client closed the connection" : "the connection failed"
        }
        let name = String(
            text[range.upperBound...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" })
        return names[name] ?? name.lowercased().replacing("_", with: " ")
    }

    private static let names = [
        "HTTP_REQUEST": "the client speaks HTTP without TLS",
        "WRONG_VERSION_NUMBER": "the client does not speak TLS",
        "UNSUPPORTED_PROTOCOL": "the client has no TLS version that this server accepts",
        "NO_SHARED_CIPHER": "the client has no cipher suite that this server accepts",
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client has no certificate",
        "CERTIFICATE_VERIFY_FAILED":
            "the client's certificate has expired, or no authority of --tls-client-ca has signed it",
        "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust this server's certificate",
        "SSLV3_ALERT_BAD_CERTIFICATE": "the client does not accept this server's certificate",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED":
            "the client finds that this server's certificate has expired",
    ]
}

extension TLSVersion {
    /// The name that OpenSSL uses for the version.
    fileprivate var name: String {
        switch self {
        case .tlsv1: "TLSv1"
        case .tlsv11: "TLSv1.1"
        case .tlsv12: "TLSv1.2"
        case .tlsv13: "TLSv1.3"
        }
    }
}
