/// The network of a client, for limits.
package enum ClientNetwork {
    /// Returns an IPv4 address, or the network of an IPv6 address, because a client usually has all addresses of a
    /// network of 64 bits (RFC 6177 section 2). Returns any other text unchanged.
    package static func of(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")),
            let parsed = IPAddress(parsing: address)
        else { return address }
        guard parsed.family == .ipv6 else { return parsed.description }
        let network = IPAddress(family: .ipv6, bits: (parsed.bits >> 64) << 64)
        return "\(network)/64"
    }
}
