import Domain
package import HTTPCore

extension Peer {
    /// The name under which limits count the client: a user of this machine, an IPv4 address, or the /64 network of an
    /// IPv6 address. The whole /64 network counts as one client, because a client usually controls all of its addresses
    /// (RFC 6177 section 2).
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
