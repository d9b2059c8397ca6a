import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The endpoints and settings of an etcd cluster.
package struct EtcdConfiguration: Sendable {
    /// A user of etcd's built-in authentication.
    package struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        package var user: String
        /// A closure that returns the passwords. The client tries the passwords in order. The closure is called for
        /// each authentication, so that the passwords may change while the client runs.
        package var passwords: @Sendable () throws -> [String]

        package init(user: String, password: String) {
            self.init(user: user, reading: { [password] })
        }

        /// - Parameter passwords: A closure that returns at least one password. If it throws, the authentication fails.
        package init(user: String, reading passwords: @escaping @Sendable () throws -> [String]) {
            self.user = user
            self.passwords = passwords
        }

        /// The user's name, without the password.
        package var description: String { "user \(user)" }
        package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
    }

    /// The TLS settings. A path is nil if its PEM file is not used.
    package struct TLS: Hashable, Sendable {
        /// The file of the certificate authorities that the client trusts; nil for the system's authorities.
        package var caFile: String?
        /// The file of the client's certificate, for servers that request a client certificate. `keyFile` must contain
        /// the key of this certificate.
        package var certificateFile: String?
        package var keyFile: String?
        /// The name that the server's certificate must contain; nil for the endpoint's host.
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

    /// The endpoints, at least one. The first endpoint is used until it fails, and then another one.
    package var endpoints: [EtcdEndpoint]
    package var credentials: Credentials?
    package var tls: TLS
    /// The deadline of every call, including retries. A watch must be established within this time.
    package var requestTimeout: Duration
    /// The interval between two probes of a watch. A probe asks the member for an answer, to detect a member that
    /// hangs.
    package var probeInterval: Duration
    /// The time that a member has to answer a probe before another endpoint is tried. The default is 1 s with several
    /// endpoints. It is 5 s with a single endpoint, because there is no alternative.
    package var probeTimeout: Duration
    /// The maximum size of an answer in bytes. gRPC's usual limit of 4 MiB is too small for etcd's largest answers.
    package var maxResponseBytes: Int
    /// The maximum number of bytes that one watch buffers for a slow reader. If the buffer is full, the server must
    /// wait.
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

    /// Creates a configuration with endpoints that are given as strings; see `EtcdEndpoint.init(parsing:)`.
    package init(
        endpoints: [String], user: String? = nil, password: String? = nil, tls: TLS = TLS(),
        requestTimeout: Duration = .seconds(5)
    ) throws(EtcdError) {
        var parsed: [EtcdEndpoint] = []
        for endpoint in endpoints {
            parsed.append(try EtcdEndpoint(parsing: endpoint))
        }
        guard (user == nil) == (password == nil) else {
            throw Self.invalid("user and password must be given together")
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
    /// Throws `.invalidArgument` if a setting is wrong. The message names the setting.
    package func validate() throws(EtcdError) {
        guard !endpoints.isEmpty else { throw Self.invalid("at least one endpoint is needed") }
        guard requestTimeout > .zero else { throw Self.invalid("the request timeout must be > 0") }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw Self.invalid("client certificate and key must be given together")
        }
        if tls != TLS(), let plain = endpoints.first(where: { !$0.usesTLS }) {
            throw Self.invalid("there are TLS settings, but \(plain) does not use https")
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
