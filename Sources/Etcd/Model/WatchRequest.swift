/// What to watch, and from where.
package struct WatchRequest: Hashable, Sendable {
    package var keys: KeyRange
    /// The first revision to deliver; 0 means the next one.
    package var startRevision: Int64
    /// Each event also carries the key as it was before.
    package var returnsPrevious: Bool
    /// Ask for a notification now and then (etcd: every 10 minutes) when nothing changes.
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
        /// Also the end of a lease. The event's key value then holds only key and modRevision.
        case delete
    }

    package var kind: Kind
    package var keyValue: KeyValue
    /// The key before the change, if asked for, there was one and it is not compacted yet.
    package var previous: KeyValue?

    package init(kind: Kind, keyValue: KeyValue, previous: KeyValue? = nil) {
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
    }
}

/// All watched changes of one revision, that is of one transaction.
package struct RevisionChanges: Hashable, Sendable {
    package var revision: Int64
    package var events: [WatchEvent]

    package init(revision: Int64, events: [WatchEvent]) {
        self.revision = revision
        self.events = events
    }
}

/// What a watch has to say at once: zero or more whole revisions, ascending. One without revisions is a sign
/// of life, which comes several times a second unless something is wrong.
package struct WatchBatch: Hashable, Sendable {
    package var clusterID: UInt64
    package var revisions: [RevisionChanges]
    /// Every watched change up to and including this revision has now been delivered.
    package var progressRevision: Int64
    /// After which revisions the watch went on over a new connection, ascending: etcd may have been restored
    /// meanwhile, and what follows may be of another past.
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
