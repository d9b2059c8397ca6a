/// A watch of keys, beginning at a revision.
package struct WatchRequest: Hashable, Sendable {
    package var keys: KeyRange
    /// The first revision to deliver; 0 means the next revision.
    package var startRevision: Int64
    /// True if each event includes the previous value of the key.
    package var returnsPrevious: Bool
    /// True if etcd must send a progress notification every 10 minutes while nothing changes.
    package var progressNotifications: Bool

    package init(
        _ keys: KeyRange, startRevision: Int64, returnsPrevious: Bool = false,
        progressNotifications: Bool = true
    ) {
        self.keys = keys
        self.startRevision = startRevision
        self.returnsPrevious = returnsPrevious
        self.progressNotifications = progressNotifications
    }
}

/// One change of one key.
package struct WatchEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case put
        /// A deletion of a key, or the expiry of its lease. The event's `keyValue` holds only `key` and
        /// `modRevision`.
        case delete
    }

    package var kind: Kind
    package var keyValue: KeyValue
    /// The key before the change. Nil if the previous value was not requested, did not exist, or has been compacted.
    package var previous: KeyValue?

    package init(kind: Kind, keyValue: KeyValue, previous: KeyValue? = nil) {
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
    }
}

/// All watched changes of one revision. One revision is one transaction.
package struct RevisionChanges: Hashable, Sendable {
    package var revision: Int64
    package var events: [WatchEvent]

    package init(revision: Int64, events: [WatchEvent]) {
        self.revision = revision
        self.events = events
    }
}

/// One delivery of a watch: zero or more whole revisions in ascending order. A batch without revisions only shows that
/// the watch works. Batches without revisions arrive several times a second.
package struct WatchBatch: Hashable, Sendable {
    package var clusterID: UInt64
    package var revisions: [RevisionChanges]
    /// The revision up to which every watched change has been delivered, inclusive.
    package var progressRevision: Int64
    /// The revisions after which the watch resumed on a new connection, in ascending order. If etcd was restored from a
    /// snapshot before the watch resumed, the changes after the resumption do not continue the changes before it.
    package var resumedAfter: [Int64]

    package init(
        clusterID: UInt64, revisions: [RevisionChanges], progressRevision: Int64,
        resumedAfter: [Int64] = []
    ) {
        self.clusterID = clusterID
        self.revisions = revisions
        self.progressRevision = progressRevision
        self.resumedAfter = resumedAfter
    }
}
