import Domain
package import HTTPCore

extension Peer {
    /// The name of the client for limits: a user of this machine, an IPv4 address, or the network of an IPv6 address. A
    /// client usually has all addresses of a network of 64 bits (RFC 6177 section 2).
    package var source: String {
        if let userID { return "unix:\(userID)" }
        guard address.utf8.contains(UInt8(ascii: ":")),
            let parsed = IPAddress(parsing: address)
        else { return address }
        guard parsed.family == .ipv6 else { return parsed.description }
        let network = IPAddress(family: .ipv6, bits: (parsed.bits >> 64) << 64)
        return "\(network)/64"
    }
}
