/// A watch of keys from a revision on.
package struct WatchRequest: Hashable, Sendable {
    package var keys: KeyRange
    /// The first revision to deliver; 0 means the next one.
    package var startRevision: Int64
    /// Each event also carries the previous value of the key.
    package var returnsPrevious: Bool
    /// Asks for notifications while nothing changes (etcd sends one every 10 minutes).
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
        /// A deletion, or the end of a lease. The event's key value holds only key and modRevision.
        case delete
    }

    package var kind: Kind
    package var keyValue: KeyValue
    /// The key before the change, if it was requested, existed and is not compacted yet.
    package var previous: KeyValue?

    package init(kind: Kind, keyValue: KeyValue, previous: KeyValue? = nil) {
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
    }
}

/// All watched changes of one revision, that is, of one transaction.
package struct RevisionChanges: Hashable, Sendable {
    package var revision: Int64
    package var events: [WatchEvent]

    package init(revision: Int64, events: [WatchEvent]) {
        self.revision = revision
        self.events = events
    }
}

/// The news of a watch: zero or more whole revisions, ascending. A batch without revisions is a sign of life, which
/// arrives several times a second while all is well.
package struct WatchBatch: Hashable, Sendable {
    package var clusterID: UInt64
    package var revisions: [RevisionChanges]
    /// Every watched change up to and including this revision has now been delivered.
    package var progressRevision: Int64
    /// The revisions, ascending, after which the watch resumed on a new connection. etcd may have been restored in
    /// between, and then the following changes belong to another history.
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
