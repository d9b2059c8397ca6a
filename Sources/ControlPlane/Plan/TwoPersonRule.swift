/// The kinds of object that no person may change alone.
package struct TwoPersonRule: Sendable {
    /// The kinds, such as `GlobalNetworkPolicy`. Empty if nothing needs a second person.
    package var kinds: Set<String>
    /// The number of seconds for which a change waits.
    package var lifetimeSeconds: Int64

    /// Every kind that the rule can name.
    package static let allKinds = [
        "Region", "Subnet", "GlobalNetworkPolicy", "NetworkPolicy", "CrossRegionPolicy",
    ]

    package static let off = TwoPersonRule(kinds: [])

    package init(kinds: Set<String>, lifetimeSeconds: Int64 = 7 * 86_400) {
        self.kinds = kinds
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// The largest number of changes that may wait, of all authors and of one author. They bound etcd, the mirror and
    /// the list of pending changes.
    static let maximumWaiting = 1_000
    static let maximumWaitingOfOne = 100
    /// The largest number of bytes of all waiting changes. etcd's own limit for one value allows a few hundred of the
    /// largest ones to fill its quota.
    static let maximumBytes = 64 << 20
}
