/// One key as etcd holds it at some revision.
package struct KeyValue: Hashable, Sendable {
    package var key: EtcdKey
    package var value: [UInt8]
    /// Revision of the last creation of the key.
    package var createRevision: Int64
    /// Revision of the last change of the key.
    package var modRevision: Int64
    /// The number of changes since its creation, from 1; 0 in a deletion.
    package var version: Int64
    /// The lease it is attached to, nil for none.
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

/// The header of every answer of etcd.
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

/// The id of a lease; never 0.
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
