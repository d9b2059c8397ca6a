import Domain
package import HTTPCore

extension Peer {
    /// The name of the client for limits: a user of this machine, an IPv4 address, or the network of an IPv6 address.
    package var source: String {
        if let userID { return "unix:\(userID)" }
        return ClientNetwork.of(address)
    }
}
