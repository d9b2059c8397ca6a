import Foundation
package import HTTPCore

/// The rule which addresses the server may serve on.
enum ListenRule {
    /// Throws for an address that other machines can reach. The server has no authentication: every client that reaches
    /// the port may change the policy of every region.
    static func check(
        _ addresses: [ListenAddress], _ reader: SettingReader
    ) throws(SettingError) {
        guard let open = addresses.first(where: { !$0.isLocal }) else { return }
        throw SettingError(
            .listen, from: try reader.values.texts(.listen).source,
            "\(open) can be reached from other machines; the server has no authentication and "
                + "therefore serves only loopback addresses and Unix domain sockets")
    }
}

extension ListenAddress {
    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `unix:/PATH`. Returns nil for any other text. The host must be numeric,
    /// because a name could later resolve to another address. The only accepted name is `localhost`, which is read as
    /// 127.0.0.1. The path must be absolute, because the folder in which a service starts is easily mistaken.
    package init?(setting text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard path.hasPrefix("/"), !path.hasSuffix("/") else { return nil }
            self.init(unixPath: path)
            return
        }
        guard let address = ListenAddress(text), case .tcp(var host, let port) = address.endpoint
        else { return nil }
        if host == "localhost" { host = "127.0.0.1" }
        guard Self.isIPv4(host) || Self.isIPv6(host) else { return nil }
        self.init(host: host, port: port)
    }

    /// True if only this machine can reach the address: a Unix domain socket, or an address in 127.0.0.0/8, or ::1.
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
