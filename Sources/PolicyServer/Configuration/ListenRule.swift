import Foundation
package import HTTPCore

/// The rules for the addresses on which the server listens.
package enum ListenRule {
    /// Reads the addresses. An address without a scheme uses TLS if the server has a certificate.
    static func addresses(
        _ reader: SettingReader, hasCertificate: Bool
    ) throws(SettingError) -> [ListenAddress] {
        let addresses = try reader.list(
            .listen, "is neither HOST:PORT with a numeric address nor unix:/PATH"
        ) { ListenAddress(setting: $0, hasCertificate: hasCertificate) }
        guard !hasCertificate, let secure = addresses.first(where: \.usesTLS) else {
            return addresses
        }
        throw SettingError(
            .listen, from: try reader.values.texts(.listen).source,
            "\(secure.url) needs \(Setting.tlsCertificate.flag) and \(Setting.tlsKey.flag)")
    }

    /// Throws if an address that other machines can reach lacks TLS or authentication. Without TLS, others could read
    /// tokens in transit. Without authentication, any client could change the policy of every region.
    ///
    /// - Parameters:
    ///   - isAuthenticated: True if at least one authenticator is configured.
    ///   - source: The source of the setting, for the error message.
    package static func check(
        _ addresses: [ListenAddress], isAuthenticated: Bool, source: SettingSource
    ) throws(SettingError) {
        for address in addresses where !address.isLocal {
            let problem =
                if !isAuthenticated {
                    "without \(Setting.authenticate.flag) the server serves only loopback addresses and Unix domain sockets"
                } else if !address.usesTLS {
                    "it needs TLS: set \(Setting.tlsCertificate.flag) and \(Setting.tlsKey.flag)"
                } else {
                    String?.none
                }
            guard let problem else { continue }
            throw SettingError(
                .listen, from: source,
                "\(address) can be reached from other machines; \(problem)")
        }
    }
}

extension ListenAddress {
    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `unix:/PATH`. Returns nil for any other text.
    ///
    /// The host must be numeric, because a name could later resolve to another address. The only accepted name is
    /// `localhost`, which is read as 127.0.0.1. `http://` in front of the host turns TLS off, and `https://` turns TLS
    /// on.
    ///
    /// The path must be absolute, because a relative path would depend on the folder in which the server is started.
    ///
    /// - Parameter hasCertificate: True if a host without `http://` or `https://` uses TLS.
    package init?(setting text: String, hasCertificate: Bool = false) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard path.hasPrefix("/"), !path.hasSuffix("/") else { return nil }
            self.init(unixPath: path)
            return
        }
        var (rest, usesTLS) = (text[...], hasCertificate)
        for (scheme, isSecure) in [("http://", false), ("https://", true)]
        where rest.hasPrefix(scheme) {
            (rest, usesTLS) = (rest.dropFirst(scheme.count), isSecure)
            break
        }
        guard let address = ListenAddress(String(rest)),
            case .tcp(var host, let port) = address.endpoint
        else { return nil }
        if host == "localhost" { host = "127.0.0.1" }
        guard Self.isIPv4(host) || Self.isIPv6(host) else { return nil }
        self.init(host: host, port: port, usesTLS: usesTLS)
    }

    /// True if only this machine can reach the address: a Unix domain socket, an address in 127.0.0.0/8, or ::1.
    package var isLocal: Bool {
        guard case .tcp(let host, _) = endpoint else { return true }
        guard Self.isIPv6(host) else { return Self.isIPv4(host) && host.hasPrefix("127.") }
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { return false }
        let bytes = withUnsafeBytes(of: &address) { Array($0) }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    private static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
