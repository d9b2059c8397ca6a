package import Etcd
import Store

/// The settings of the connection to etcd.
package struct EtcdSettings: Sendable, Equatable {
    /// The URLs of etcd. All of them must have the same scheme.
    package var endpoints: [EtcdEndpoint]
    package var user: String?
    package var passwordFile: String?
    package var authorityFile: String?
    package var certificateFile: String?
    package var keyFile: String?

    init(_ reader: SettingReader) throws(SettingError) {
        endpoints = try Self.endpoints(reader)
        user = try reader.optional(.etcdUser)
        passwordFile = try reader.readableFile(.etcdPasswordFile)
        authorityFile = try reader.readableFile(.etcdCA)
        certificateFile = try reader.readableFile(.etcdCert)
        keyFile = try reader.readableFile(.etcdKey)
        try checkCombination(reader)
    }

    /// Throws if a setting is given without another setting that it needs. Also throws if the URLs have different
    /// schemes, or if a TLS setting is given for `http` URLs.
    private func checkCombination(_ reader: SettingReader) throws(SettingError) {
        try reader.require(.etcdPasswordFile, with: .etcdUser)
        try reader.require(.etcdUser, with: .etcdPasswordFile)
        try reader.require(.etcdKey, with: .etcdCert)
        try reader.require(.etcdCert, with: .etcdKey)
        guard Set(endpoints.map(\.usesTLS)).count == 1 else {
            throw SettingError(
                .etcd, from: try reader.values.texts(.etcd).source, "mixes http and https")
        }
        for setting in [Setting.etcdCA, .etcdCert] where !endpoints.allSatisfy(\.usesTLS) {
            let (texts, source) = try reader.values.texts(setting)
            guard texts.isEmpty else {
                throw SettingError(setting, from: source, "is for https endpoints only")
            }
        }
    }

    private static func endpoints(_ reader: SettingReader) throws(SettingError) -> [EtcdEndpoint] {
        let (texts, source) = try reader.values.texts(.etcd)
        guard !texts.isEmpty else { throw SettingError(.etcd, from: source, "is empty") }
        var endpoints: [EtcdEndpoint] = []
        for text in texts {
            do {
                endpoints.append(try EtcdEndpoint(parsing: text))
            } catch {
                throw SettingError(.etcd, from: source, error.message)
            }
        }
        return endpoints
    }
}

extension EtcdSettings {
    /// The paths of the PEM files.
    package var tlsFiles: [String] { [authorityFile, certificateFile, keyFile].compactMap(\.self) }

    /// Returns the configuration of the etcd client. The client reads the password file again for each authentication,
    /// so a changed password needs no restart.
    package func configuration() throws(SettingError) -> EtcdConfiguration {
        if let keyFile {
            try Self.secret(.etcdKey) { () throws(StoreError) in
                try PrivateFile.check(keyFile, subject: "the file")
            }
        }
        let configuration = EtcdConfiguration(
            endpoints: endpoints, credentials: try credentials(),
            tls: EtcdConfiguration.TLS(
                caFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile))
        do {
            try configuration.validate()
        } catch {
            throw SettingError(error.message)
        }
        return configuration
    }

    private func credentials() throws(SettingError) -> EtcdConfiguration.Credentials? {
        guard let user, let passwordFile else { return nil }
        // The result is not used. This line reports an unusable file at the start instead of at the first
        // authentication.
        _ = try Self.passwords(passwordFile)
        return EtcdConfiguration.Credentials(
            user: user, reading: { try Self.passwords(passwordFile) })
    }

    /// Returns the passwords in the file: its first line, and its second line if that is not empty.
    private static func passwords(_ file: String) throws(SettingError) -> [String] {
        let bytes = try secret(.etcdPasswordFile) { () throws(StoreError) in
            try PrivateFile.read(file, subject: "the file")
        }
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).prefix(2)
        let passwords = lines.compactMap { String(validating: $0, as: UTF8.self) }
        guard passwords.count == lines.count, passwords.first?.isEmpty == false else {
            throw SettingError(
                "\(Setting.etcdPasswordFile.key): the first line of \(file) is not a password")
        }
        return passwords.filter { !$0.isEmpty }
    }

    /// Runs `body`, which uses the file of `setting`. If `body` throws, throws an error whose message begins with the
    /// name of the setting.
    private static func secret<Value>(
        _ setting: Setting, _ body: () throws(StoreError) -> Value
    ) throws(SettingError) -> Value {
        do {
            return try body()
        } catch {
            throw SettingError("\(setting.key): \(error.message)")
        }
    }
}
