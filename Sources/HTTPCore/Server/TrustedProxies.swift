package import HTTPTypes
import Synchronization

/// The proxies that the server trusts to name the client in the fields `Forwarded` (RFC 7239) and `X-Forwarded-For`.
///
/// Each proxy appends to the field the address from which it received the request. The client is therefore the last
/// address in the field that is not a trusted proxy. Everything in front of that address comes from the client, which
/// can have invented it. The server takes only the address from these fields, and ignores the host and the protocol.
package struct TrustedProxies: Sendable {
    /// A counter of the requests from trusted proxies whose fields could not be used.
    package final class Count: Sendable {
        fileprivate let number = Atomic<UInt64>(0)

        /// The number of requests.
        package var value: UInt64 { number.load(ordering: .relaxed) }
    }

    private let contains: (@Sendable (String) -> Bool)?
    package let malformed = Count()

    /// Creates a value that trusts no proxy.
    package init() { contains = nil }

    /// - Parameter contains: A closure that gets an address in the form of `Peer.address`, and returns true if it is
    ///   the address of a trusted proxy.
    package init(contains: @escaping @Sendable (String) -> Bool) {
        self.contains = contains
    }

    /// Returns a copy of `peer` with the address of the client for which the proxy forwards the request. Returns `peer`
    /// unchanged if `peer` is not a trusted proxy, or if the request has neither field. If the fields cannot be used,
    /// the copy keeps the address of the proxy.
    ///
    /// A forwarded request has no user id, because the user id belongs to the process of the proxy and not to the
    /// client. The TLS session stays: the client certificate of a proxy stands for all its clients.
    package func client(of peer: Peer, _ headers: HTTPFields) -> Peer {
        guard let contains, contains(peer.address) else { return peer }
        let forwarded = headers[values: .forwarded]
        let list = headers[values: .xForwardedFor]
        guard !forwarded.isEmpty || !list.isEmpty else { return peer }
        var client = peer
        client.userID = nil
        var results: Set<String?> = []
        if !forwarded.isEmpty {
            results.insert(
                Self.client(forwarded, contains) { Forwarded.nodes($0)?.map(Forwarded.address) })
        }
        if !list.isEmpty {
            results.insert(Self.client(list, contains, Forwarded.list))
        }
        // Uses neither field if the two fields disagree. A proxy that sets only one field may pass on the other field
        // as the client sent it.
        guard results.count == 1, let address = results.first ?? nil else {
            malformed.number.wrappingAdd(1, ordering: .relaxed)
            return client
        }
        client.address = address
        return client
    }

    /// Returns the last address that is not a trusted proxy, or the first address if all are trusted. Searches from the
    /// end. Returns nil if the search meets a malformed line or an element that is not an address.
    ///
    /// - Parameter read: A closure that returns the addresses of one field line, with nil for an element that is not an
    ///   address. The closure returns nil for a malformed line.
    private static func client(
        _ lines: [String], _ contains: (String) -> Bool, _ read: (String) -> [String?]?
    ) -> String? {
        var first: String?
        // Reads the lines from the end. A proxy appends its line after the lines of the client, so a malformed line of
        // the client does not matter if the proxy's line names the client.
        for line in lines.reversed() {
            guard let addresses = read(line) else { return nil }
            for address in addresses.reversed() {
                guard let address else { return nil }
                if !contains(address) { return address }
                first = address
            }
        }
        return first
    }
}

extension HTTPField.Name {
    // The initializer returns nil only for a string that is not a token, so the values after `??` are never used.
    /// The field `Forwarded`.
    fileprivate static let forwarded = HTTPField.Name("Forwarded") ?? .from
    /// The field `X-Forwarded-For`.
    fileprivate static let xForwardedFor = HTTPField.Name("X-Forwarded-For") ?? .from
}
