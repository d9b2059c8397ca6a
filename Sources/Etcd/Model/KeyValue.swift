/// One key and its value, as etcd stores them at some revision.
package struct KeyValue: Hashable, Sendable {
    package var key: EtcdKey
    package var value: [UInt8]
    /// The revision of the key's last creation.
    package var createRevision: Int64
    /// The revision of the key's last change.
    package var modRevision: Int64
    /// The number of times that the key has been written since its creation, including the creation; 0 in a deletion.
    package var version: Int64
    /// The lease to which the key is attached; nil if it has no lease.
    package var lease: LeaseID?

    package init(
        key: EtcdKey, value: [UInt8] = [], createRevision: Int64 = 0, modRevision: Int64 = 0,
        version: Int64 = 0, lease: LeaseID? = nil
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.lease = lease
    }
}

/// The header of every answer from etcd.
package struct ResponseHeader: Hashable, Sendable {
    package var clusterID: UInt64
    package var memberID: UInt64
    /// The store's revision when the request was applied.
    package var revision: Int64
    package var raftTerm: UInt64

    package init(
        clusterID: UInt64 = 0, memberID: UInt64 = 0, revision: Int64 = 0, raftTerm: UInt64 = 0
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }
}

/// The id of a lease. It is never 0.
package struct LeaseID: Hashable, Sendable, RawRepresentable {
    package var rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

/// A lease after it has been granted or renewed.
package struct Lease: Hashable, Sendable {
    package var id: LeaseID
    /// The number of seconds from the grant or the renewal until the lease expires.
    package var ttlSeconds: Int64

    package init(id: LeaseID, ttlSeconds: Int64) {
        self.id = id
        self.ttlSeconds = ttlSeconds
    }
}
