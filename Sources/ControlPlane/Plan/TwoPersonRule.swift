/// The kinds of object that no person may change alone.
package struct TwoPersonRule: Sendable {
    /// The kinds, such as `GlobalNetworkPolicy`. Empty if nothing needs a second person.
    package var kinds: Set<String>
    /// The number of seconds after which a waiting change expires.
    package var lifetimeSeconds: Int64

    package static let off = TwoPersonRule(kinds: [])

    package init(kinds: Set<String>, lifetimeSeconds: Int64 = 7 * 86_400) {
        self.kinds = kinds
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// The largest number of waiting changes by all authors together. The limit bounds the use of etcd, the mirror, and
    /// the list of pending changes.
    static let maximumWaiting = 1_000
    /// The largest number of waiting changes by one author.
    static let maximumWaitingOfOne = 100
    /// The largest number of bytes of all waiting changes together. Without this limit, a few hundred changes of the
    /// largest size that etcd accepts would fill etcd's quota.
    static let maximumBytes = 64 << 20
    /// The largest number of bytes of the waiting changes of one author, so that one author cannot use up the limit of
    /// all authors.
    static let maximumBytesOfOne = maximumBytes / 8
}
