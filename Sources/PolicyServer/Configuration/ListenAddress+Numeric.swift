import Foundation
package import HTTPCore

extension ListenAddress {
    /// Reads `HOST:PORT` or `[IPv6]:PORT` with a numeric host; nil for anything else. A name could
    /// come to mean another machine, so only `localhost` is taken, as 127.0.0.1.
    package init?(numeric text: String) {
        guard var address = ListenAddress(text) else { return nil }
        if address.host == "localhost" { address.host = "127.0.0.1" }
        guard Self.isIPv4(address.host) || Self.isIPv6(address.host) else { return nil }
        self = address
    }

    /// Whether only this machine reaches it: 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
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
