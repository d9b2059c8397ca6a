package import Domain
package import HTTPCore
import Logging
import Store

/// The settings of the TLS listeners.
package struct TLSSettings: Sendable {
    package var files: TLSFiles

    package init(files: TLSFiles) { self.files = files }

    /// Reads the settings. Returns nil if no certificate is set. Throws if a setting is given without another setting
    /// that it needs.
    init?(_ reader: SettingReader) throws(SettingError) {
        try reader.require(.tlsKey, with: .tlsCertificate)
        for setting in [Setting.tlsKey, .tlsClientCA] {
            try reader.require(.tlsCertificate, with: setting)
        }
        try reader.require(.tlsClientCA, with: .tlsClientCRL)
        let mode = try reader.required(.tlsClientCertificates, "is not one of the allowed values") {
            TLSFiles.ClientCertificates(rawValue: $0)
        }
        let authority = try reader.optional(.tlsClientCA)
        guard (mode == .none) == (authority == nil) else {
            throw SettingError(
                .tlsClientCertificates,
                from: try reader.values.texts(.tlsClientCertificates).source,
                mode == .none
                    ? "is none, so \(Setting.tlsClientCA.flag) would have no effect"
                    : "needs \(Setting.tlsClientCA.flag) as well")
        }
        guard let certificate = try reader.optional(.tlsCertificate),
            let key = try reader.optional(.tlsKey)
        else { return nil }
        files = TLSFiles(certificate: certificate, key: key, readPrivate: Self.readPrivate)
        files.clientCertificates = mode
        files.clientAuthority = authority
        files.revocations = try reader.optional(.tlsClientCRL)
    }

    /// Reads the private key. Throws if other users can read the file. The error message never contains the key.
    package static let readPrivate: @Sendable (String) throws -> [UInt8] = { path in
        do {
            return try PrivateFile.read(path, subject: "the file")
        } catch let error as StoreError {
            throw SettingError(error.message)
        }
    }

    /// Reads the files. Throws a `SettingError` if a file is unusable. The message begins with the name of the setting
    /// that has the path of the file.
    func credentials(_ logger: Logger) throws -> TLSCredentials {
        do {
            return try TLSCredentials(files, logger: logger)
        } catch let error as TLSFileError {
            let setting: Setting =
                switch error.part {
                case .certificate: .tlsCertificate
                case .key: .tlsKey
                case .clientAuthority: .tlsClientCA
                case .revocations: .tlsClientCRL
                }
            throw SettingError("\(setting.key): \(error)")
        }
    }
}

/// The networks of the trusted proxies. The server believes the client addresses that these proxies forward.
package struct ProxySettings: Sendable, Equatable {
    package var networks: [CIDR] = []
    /// True if the clients of Unix domain sockets are trusted proxies too.
    package var includesUnixSockets = false

    init(_ reader: SettingReader) throws(SettingError) {
        let values = try reader.list(
            .trustedProxy, "is neither a network in CIDR notation nor unix"
        ) { text -> CIDR?? in
            text == "unix" ? .some(nil) : (try? CIDR(parsing: text)).map { .some($0) }
        }
        networks = values.compactMap(\.self)
        includesUnixSockets = values.contains(nil)
    }

    /// The proxies in the form that the HTTP server uses.
    var proxies: TrustedProxies {
        guard includesUnixSockets || !networks.isEmpty else { return TrustedProxies() }
        return TrustedProxies { [self] text in
            guard text != "unix" else { return includesUnixSockets }
            guard let address = IPAddress(parsing: text) else { return false }
            return networks.contains { $0.contains(address) }
        }
    }
}
