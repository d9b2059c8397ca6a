package import HTTPTypes
import Synchronization

/// The proxies whose fields `Forwarded` (RFC 7239) and `X-Forwarded-For` name the client.
///
/// Each proxy adds the address that it sees at the end of the field. The client is therefore the last address that is not
/// a trusted proxy; everything in front of it was sent by the client and can be invented. Nothing else is taken from
/// these fields: the host and the protocol stay those of the connection.
package struct TrustedProxies: Sendable {
    /// The number of requests of trusted proxies whose fields could not be used.
    package final class Count: Sendable {
        fileprivate let number = Atomic<UInt64>(0)

        /// The number of requests.
        package var value: UInt64 { number.load(ordering: .relaxed) }
    }

    private let contains: (@Sendable (String) -> Bool)?
    package let malformed = Count()

    /// Trusts no proxy.
    package init() { contains = nil }

    /// - Parameter contains: Returns true if the address of a peer, in the form of `Peer.address`, is a trusted proxy.
    package init(contains: @escaping @Sendable (String) -> Bool) {
        self.contains = contains
    }

    /// Returns `peer` with the address of the client that it forwards for. Returns `peer` unchanged if it is not a
    /// trusted proxy, if the request has none of the fields, or if they cannot be used.
    package func client(of peer: Peer, _ headers: HTTPFields) -> Peer {
        guard let contains, contains(peer.address) else { return peer }
        let forwarded = headers[values: .forwarded]
        let list = headers[values: .xForwardedFor]
        guard !forwarded.isEmpty || !list.isEmpty else { return peer }
        var results: Set<String?> = []
        if !forwarded.isEmpty {
            results.insert(
                Self.client(forwarded, contains) { Forwarded.nodes($0)?.map(Forwarded.address) })
        }
        if !list.isEmpty {
            results.insert(Self.client(list, contains, Forwarded.list))
        }
        // A proxy that sets one of the fields may pass on the other one as the client sent it. If they disagree, neither
        // is believed.
        guard results.count == 1, let address = results.first ?? nil else {
            malformed.number.wrappingAdd(1, ordering: .relaxed)
            return peer
        }
        var client = peer
        client.address = address
        return client
    }

    /// Returns the last address that is not a trusted proxy, or the first address if all are trusted. Returns nil if an
    /// element that the search reaches is not an address.
    ///
    /// - Parameter read: Returns the addresses of one field line, with nil for an element that is not an address.
    ///   Returns nil for a line that is malformed.
    private static func client(
        _ lines: [String], _ contains: (String) -> Bool, _ read: (String) -> [String?]?
    ) -> String? {
        var first: String?
        // Lines are read from the end, so that a malformed line of the client does not matter behind a line of the proxy.
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
    // The initializer returns nil only if the text is not a token. The fallbacks are therefore never used.
    /// The field `Forwarded`.
    fileprivate static let forwarded = HTTPField.Name("Forwarded") ?? .from
    /// The field `X-Forwarded-For`.
    fileprivate static let xForwardedFor = HTTPField.Name("X-Forwarded-For") ?? .from
}
