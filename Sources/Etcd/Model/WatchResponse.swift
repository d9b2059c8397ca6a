/// One message from etcd about a watch.
package struct WatchResponse: Hashable, Sendable {
    package var header: ResponseHeader
    /// The id of the watch that the message is about; -1 in the answer to a progress request.
    package var watchID: Int64
    /// True if the message confirms that the watch has begun.
    package var isCreated: Bool
    /// The reason that etcd gives for the end of the watch; nil while the watch continues.
    package var cancelReason: String?
    /// The oldest revision that etcd still has, if the watch needs a revision that has been compacted; 0 otherwise.
    package var compactRevision: Int64
    /// True if the next message continues this one.
    package var isFragment: Bool
    package var events: [WatchEvent]

    package init(
        header: ResponseHeader, watchID: Int64 = 0, isCreated: Bool = false,
        cancelReason: String? = nil, compactRevision: Int64 = 0, isFragment: Bool = false,
        events: [WatchEvent] = []
    ) {
        self.header = header
        self.watchID = watchID
        self.isCreated = isCreated
        self.cancelReason = cancelReason
        self.compactRevision = compactRevision
        self.isFragment = isFragment
        self.events = events
    }
}
