import HTTPTypes
import NIOCore

/// Refuses requests from web pages of other sites. The guard recognizes these requests by the host and the origin in
/// the header.
///
/// Even a server that listens only on loopback needs the guard, because a browser on the same machine can reach the
/// server. The browser states the page's origin in `Origin` (https://fetch.spec.whatwg.org/#origin-header) and
/// `Sec-Fetch-Site` (https://w3c.github.io/webappsec-fetch-metadata/). In `Host` the browser states the name that the
/// page used for the server. A page cannot change these fields. If an attacker makes a name point to this server (DNS
/// rebinding), `Host` contains that name, which is not a name of the server.
package struct CrossSiteGuard: Sendable, Hashable {
    /// The names of the server in the form of `Authority.host`. The server also accepts the local address of the
    /// connection as its name. If that address is a loopback address or a Unix domain socket, the server accepts
    /// `localhost` and every loopback address too. On a TLS connection, the server also accepts the names in its
    /// certificate. The names in the certificate are safe, because a browser refuses the certificate for any other
    /// name.
    package var hosts: Set<String>
    /// The origins whose pages may send requests. They are in lower case, such as `https://console.example.org`.
    package var origins: Set<String>

    package init(hosts: Set<String> = [], origins: Set<String> = []) {
        self.hosts = hosts
        self.origins = origins
    }

    /// Returns the origin `text` in the form that browsers send, without the scheme's default port. Returns nil if the
    /// text is not `http://host[:port]` or `https://host[:port]`.
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

    /// Throws a 421 problem if `authority` is not a name of this server. Ignores the port, because the port says
    /// nothing about the sender of the request. With `ssh -L`, for example, the client may use a different port.
    func checkHost(_ authority: Authority, local: LocalAddress) throws(Problem) {
        guard !hosts.contains(authority.host), !local.isNamed(authority.host) else { return }
        throw .misdirected("This server is not configured to answer as \(authority.host).")
    }

    /// Throws a 403 problem if the request comes from a page whose origin is not configured.
    func checkOrigin(_ headers: HTTPFields) throws(Problem) {
        if let origin = headers[.origin] {
            guard origins.contains(origin.lowercased()) else {
                throw .crossSite(
                    "Pages of the origin '\(origin)' may not send requests to this server: the origin is not configured."
                )
            }
            return
        }
        // Checks Sec-Fetch-Site for a request without Origin. Browsers send no Origin with some requests, such as the
        // GET for an image.
        guard headers[.secFetchSite]?.lowercased() == "cross-site" else { return }
        throw .crossSite(
            "A page of another site sent this request (Sec-Fetch-Site), and its origin is not configured."
        )
    }

    /// The local address of a connection.
    struct LocalAddress: Sendable {
        private let text: String?
        private let isLoopback: Bool
        /// The names of the server's certificate (`TLSSession.serverNames`).
        private let names: Set<String>

        init(_ address: SocketAddress?, names: Set<String> = []) {
            self.names = names
            text = address?.plainIPAddress
            // A Unix domain socket counts as loopback, because only this machine can reach it. `curl --unix-socket`
            // names the server `localhost`.
            isLoopback =
                if case .unixDomainSocket? = address { true } else {
                    text.map(Self.isLoopback) ?? false
                }
        }

        fileprivate func isNamed(_ host: String) -> Bool {
            if host == text || names.contains(host) { return true }
            // In a certificate, `*` stands for one label at the start of a name (RFC 9525 section 6.3).
            if let dot = host.firstIndex(of: "."), names.contains("*" + host[dot...]) {
                return true
            }
            return isLoopback && (host == "localhost" || Self.isLoopback(host))
        }

        /// Returns true for 127.0.0.0/8 in dotted form and for ::1.
        private static func isLoopback(_ host: String) -> Bool {
            if host == "::1" { return true }
            guard host.hasPrefix("127."), let address = try? SocketAddress(ipAddress: host, port: 0)
            else { return false }
            return address.ipAddress == host
        }
    }
}

extension HTTPField.Name {
    // The initializer returns nil only for a string that is not a token, so the value after `??` is never used.
    /// The field `Sec-Fetch-Site`.
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
}
