import NIOCore

/// The other end of a connection.
package struct Peer: Sendable, Equatable {
    /// The IP address of the client without a port, or `unix` for a Unix domain socket. If a trusted proxy forwards the
    /// request, this is the address that the proxy names.
    package var address: String
    /// The user id of the client's process; nil unless the client uses a Unix domain socket. Also nil if a trusted
    /// proxy forwards the request.
    package var userID: UInt32?
    /// The TLS session; nil for a connection without TLS.
    package var tls: TLSSession?

    package init(address: String, userID: UInt32? = nil, tls: TLSSession? = nil) {
        self.address = address
        self.userID = userID
        self.tls = tls
    }

    /// Creates the peer of a connection from the remote address of its socket.
    init(_ address: SocketAddress?) {
        self.init(address: address?.plainIPAddress ?? "unix")
    }
}

/// The parts of a TLS session that the product uses.
package struct TLSSession: Sendable, Equatable {
    /// The protocol version, such as `TLSv1.3`.
    package var version: String
    /// The names and addresses in the server's certificate, in the form of `Authority.host`. A name can begin with
    /// `*.`.
    package var serverNames: Set<String>
    /// The client's verified certificate; nil if the client sent none.
    package var certificate: ClientCertificate?

    package init(
        version: String, serverNames: Set<String> = [], certificate: ClientCertificate? = nil
    ) {
        self.version = version
        self.serverNames = serverNames
        self.certificate = certificate
    }
}

/// The names in the certificate of a client. A configured authority has signed the certificate.
package struct ClientCertificate: Sendable, Equatable {
    /// The common name of the subject; nil if absent.
    package var commonName: String?
    /// The DNS names among the subject's alternative names (RFC 5280 section 4.2.1.6).
    package var dnsNames: [String]
    /// The email addresses among the subject's alternative names.
    package var emails: [String]
    /// The URIs among the subject's alternative names.
    package var uris: [String]
    /// The SHA-256 of the certificate's DER form in lower-case hexadecimal digits.
    package var fingerprint: String

    package init(
        commonName: String? = nil, dnsNames: [String] = [], emails: [String] = [],
        uris: [String] = [], fingerprint: String
    ) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.emails = emails
        self.uris = uris
        self.fingerprint = fingerprint
    }
}
