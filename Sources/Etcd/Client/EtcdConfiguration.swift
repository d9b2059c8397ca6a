import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How to reach an etcd cluster.
package struct EtcdConfiguration: Sendable {
    /// A user of etcd's own authentication.
    package struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        package var user: String
        /// Read for each authentication, so that a password may be changed while the client runs.
        package var password: @Sendable () throws -> String

        package init(user: String, password: String) {
            self.init(user: user, reading: { password })
        }

        /// - Parameter password: what throws is the reason of a failed authentication.
        package init(user: String, reading password: @escaping @Sendable () throws -> String) {
            self.user = user
            self.password = password
        }

        /// Without the password.
        package var description: String { "user \(user)" }
        package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
    }

    /// PEM files; what is nil is not used.
    package struct TLS: Hashable, Sendable {
        /// Who may have signed the server's certificate; nil means the system's authorities.
        package var caFile: String?
        /// The client's own certificate, for servers that ask for one, and its key.
        package var certificateFile: String?
        package var keyFile: String?
        /// The name to find in the server's certificate instead of the endpoint's host.
        package var serverName: String?

        package init(
            caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
            serverName: String? = nil
        ) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.serverName = serverName
        }
    }

    /// Not empty; the first is asked first, the others when it fails.
    package var endpoints: [EtcdEndpoint]
    package var credentials: Credentials?
    package var tls: TLS
    /// The deadline of every call, retries included; a watch must be established within it.
    package var requestTimeout: Duration
    /// How often a watch asks its member for a sign of life.
    package var probeInterval: Duration
    /// How long a member may be silent when it is asked before another endpoint is tried. Unless it is given,
    /// 1 s where there is another one and 5 s where there is none.
    package var probeTimeout: Duration
    /// The largest answer accepted.
    package var maxResponseBytes: Int
    /// What one watch buffers for a slow reader before it makes the server wait.
    package var watchBufferBytes: Int

    package init(
        endpoints: [EtcdEndpoint], credentials: Credentials? = nil, tls: TLS = TLS(),
        requestTimeout: Duration = .seconds(5), probeInterval: Duration = .milliseconds(300),
        probeTimeout: Duration? = nil, maxResponseBytes: Int = 64 << 20,
        watchBufferBytes: Int = 4 << 20
    ) {
        self.endpoints = endpoints
        self.credentials = credentials
        self.tls = tls
        self.requestTimeout = requestTimeout
        self.probeInterval = probeInterval
        self.probeTimeout = probeTimeout ?? .seconds(endpoints.count > 1 ? 1 : 5)
        self.maxResponseBytes = maxResponseBytes
        self.watchBufferBytes = watchBufferBytes
    }

    /// With endpoints as text, as `EtcdEndpoint.init(parsing:)` takes them.
    package init(
        endpoints: [String], user: String? = nil, password: String? = nil, tls: TLS = TLS(),
        requestTimeout: Duration = .seconds(5)
    ) throws(EtcdError) {
        var parsed: [EtcdEndpoint] = []
        for endpoint in endpoints {
            parsed.append(try EtcdEndpoint(parsing: endpoint))
        }
        guard (user == nil) == (password == nil) else {
            throw Self.invalid("user and password need each other")
        }
        let credentials = user.flatMap { user in
            password.map { Credentials(user: user, password: $0) }
        }
        self.init(
            endpoints: parsed, credentials: credentials, tls: tls, requestTimeout: requestTimeout)
        try validate()
    }
}

extension EtcdConfiguration {
    /// Throws `.invalidArgument` naming the setting that is wrong.
    package func validate() throws(EtcdError) {
        guard !endpoints.isEmpty else { throw Self.invalid("at least one endpoint is needed") }
        guard requestTimeout > .zero else { throw Self.invalid("the request timeout must be > 0") }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw Self.invalid("client certificate and key need each other")
        }
        if tls != TLS(), let plain = endpoints.first(where: { !$0.usesTLS }) {
            throw Self.invalid("there are TLS settings, but \(plain) is not https")
        }
        if let name = tls.serverName, (try? SocketAddress(ipAddress: name, port: 0)) != nil {
            throw Self.invalid("the server name \(name) is an address, which TLS does not allow")
        }
        for file in [tls.caFile, tls.certificateFile, tls.keyFile].compactMap(\.self)
        where !FileManager.default.isReadableFile(atPath: file) {
            throw Self.invalid("the file \(file) cannot be read")
        }
    }

    private static func invalid(_ message: String) -> EtcdError {
        EtcdError(code: .invalidArgument, message: "etcd configuration: \(message)")
    }
}
