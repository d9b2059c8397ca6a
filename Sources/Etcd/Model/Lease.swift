/// Names a lease; never 0.
package struct LeaseID: Hashable, Sendable, RawRepresentable {
    package var rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

/// A lease as granted or prolonged.
package struct Lease: Hashable, Sendable {
    package var id: LeaseID
    /// Seconds until it expires, from now.
    package var ttlSeconds: Int64

    package init(id: LeaseID, ttlSeconds: Int64) {
        self.id = id
        self.ttlSeconds = ttlSeconds
    }
}
