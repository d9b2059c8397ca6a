import HTTPTypes
import NIOCore

/// Keeps pages of other sites out: which hosts a request may be for, and which origins it may come from.
///
/// A browser on the server's machine reaches even a server that listens on loopback only. It says in `Origin`
/// (https://fetch.spec.whatwg.org/#origin-header) and `Sec-Fetch-Site` (https://w3c.github.io/webappsec-fetch-metadata/)
/// whose page asks, and in `Host` which name that page believes it talks to; a page cannot change any of
/// them. A name that an attacker has made point here (DNS rebinding) is none of the server's own.
package struct RequestDoor: Sendable, Hashable {
    /// Names of the server, as `Authority.host` has them, beside the address that a connection came in by and,
    /// when that is a loopback address, `localhost` and every loopback address.
    package var hosts: Set<String>
    /// Serialised origins in lower case, such as `https://console.example.org`, whose pages may send requests.
    package var origins: Set<String>

    package init(hosts: Set<String> = [], origins: Set<String> = []) {
        self.hosts = hosts
        self.origins = origins
    }

    /// The origin `text` in the form in which browsers send it; nil when it is not `scheme://host[:port]`
    /// with the scheme http or https. A port that is the scheme's own is left out.
    package static func origin(_ text: String) -> String? {
        let text = text.lowercased()
        for (scheme, defaultPort) in [("http://", 80), ("https://", 443)]
        where text.hasPrefix(scheme) {
            guard let authority = Authority(text.dropFirst(scheme.count)) else { return nil }
            let host = authority.host.contains(":") ? "[\(authority.host)]" : authority.host
            let port = authority.port.flatMap { $0 == defaultPort ? nil : ":\($0)" }
            return scheme + host + (port ?? "")
        }
        return nil
    }

    /// Throws a 421 problem when `authority` is not one of this server's names. The port is not compared: a
    /// forwarded port (`ssh -L`) is another number, and says nothing of who sends the request.
    func checkHost(_ authority: Authority, local: LocalAddress) throws(Problem) {
        guard !hosts.contains(authority.host), !local.isNamed(authority.host) else { return }
        throw .misdirected("This server is not \(authority.host), and is not configured to be.")
    }

    /// Throws a 403 problem for a request of a page whose origin is not configured.
    func checkOrigin(_ headers: HTTPFields) throws(Problem) {
        if let origin = headers[.origin] {
            guard origins.contains(origin.lowercased()) else {
                throw .crossSite(
                    "Pages of the origin '\(origin)' may not send requests to this server: it is not configured to take them."
                )
            }
            return
        }
        guard headers[.secFetchSite]?.lowercased() == "cross-site" else { return }
        throw .crossSite(
            "A page of another site sent this request (Sec-Fetch-Site), and its origin is not configured."
        )
    }

    /// The address that a connection came in by.
    struct LocalAddress: Sendable {
        private let text: String?
        private let isLoopback: Bool

        init(_ address: SocketAddress?) {
            text = address?.ipAddress
            isLoopback = text.map(Self.isLoopback) ?? false
        }

        fileprivate func isNamed(_ host: String) -> Bool {
            if host == text { return true }
            return isLoopback && (host == "localhost" || Self.isLoopback(host))
        }

        /// 127.0.0.0/8 in dotted form, or ::1.
        private static func isLoopback(_ host: String) -> Bool {
            if host == "::1" { return true }
            guard host.hasPrefix("127."), let address = try? SocketAddress(ipAddress: host, port: 0)
            else { return false }
            return address.ipAddress == host
        }
    }
}

extension HTTPField.Name {
    // The literal is a token, so the fallback is never used.
    /// `Sec-Fetch-Site`
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
}
