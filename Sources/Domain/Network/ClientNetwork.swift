/// Finds the network whose addresses count as one client when a limit applies to each client.
package enum ClientNetwork {
    /// Returns the network of 64 bits that contains an IPv6 address, because a client usually has all addresses of such
    /// a network (RFC 6177 section 2). Returns an IPv4-mapped address in IPv4 form. Returns any other text unchanged.
    package static func of(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")),
            let parsed = IPAddress(parsing: address)
        else { return address }
        guard parsed.family == .ipv6 else { return parsed.description }
        let network = IPAddress(family: .ipv6, bits: (parsed.bits >> 64) << 64)
        return "\(network)/64"
    }
}
