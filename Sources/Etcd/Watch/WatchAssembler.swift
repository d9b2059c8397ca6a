/// Assembles whole revisions from the responses of successive connections. Returns each revision once.
package struct WatchAssembler: Sendable {
    /// The first revision that has not been delivered yet; 0 until the server has named its current revision.
    package private(set) var nextRevision: Int64
    /// True if the server has confirmed the watch on the current connection.
    package private(set) var isEstablished = false
    /// True if the server has confirmed the watch on any connection.
    private var wasEstablished = false
    private var clusterID: UInt64?
    /// The watch id in the answer to a progress request. It belongs to no watch (etcd, etcdserver/api/v3rpc/watch.go;
    /// clientv3.InvalidWatchID).
    private static let askedProgress: Int64 = -1
    /// The last revision of the previous fragment; nil if the previous response was not a fragment. The next fragment
    /// may contain more events of this revision.
    private var partial: RevisionChanges?

    /// Creates an assembler that delivers from `startRevision` on; 0 means the next revision.
    package init(startRevision: Int64) {
        self.nextRevision = startRevision
    }

    /// Begins a new connection. Drops an incomplete revision of the previous connection, because the server sends this
    /// revision again.
    package mutating func reconnect() {
        isEstablished = false
        partial = nil
    }

    /// Returns the batch that the response completes; nil if it completes no batch.
    package mutating func receive(_ response: WatchResponse) throws(EtcdError) -> WatchBatch? {
        let clusterID = try check(response.header)
        if response.compactRevision != 0 {
            throw EtcdError(
                code: .compacted(compactRevision: response.compactRevision),
                message: "revision \(nextRevision) has been compacted")
        }
        if let reason = response.cancelReason { throw EtcdError(reason: reason) }
        if response.isCreated {
            if nextRevision == 0 { nextRevision = response.header.revision + 1 }
            // Throws if etcd has lost revisions that were already delivered. Without this check, etcd would silently
            // wait until it reaches `nextRevision` again. It would then send a different revision under this number.
            guard nextRevision <= response.header.revision + 1 else {
                throw EtcdError(
                    code: .futureRevision,
                    message: "revision \(nextRevision) was requested, "
                        + "but the server is at \(response.header.revision)")
            }
            isEstablished = true
            defer { wasEstablished = true }
            guard wasEstablished else { return nil }
            return WatchBatch(
                clusterID: clusterID, revisions: [], progressRevision: nextRevision - 1,
                resumedAfter: [nextRevision - 1])
        }
        if response.watchID == Self.askedProgress {
            // The answer to a progress request is only a sign of life. Its revision is not used, because the revision
            // may be ahead of events that have not arrived yet (etcd 3.4).
            guard isEstablished else { return nil }
            return WatchBatch(
                clusterID: clusterID, revisions: [], progressRevision: nextRevision - 1)
        }
        let revisions = complete(response)
        // A response without events is a progress notification, unless the response is part of a fragmented answer.
        let isProgress = response.events.isEmpty && revisions.isEmpty && !response.isFragment
        let last = isProgress ? response.header.revision : revisions.last?.revision
        guard let last, last >= nextRevision else { return nil }
        nextRevision = last + 1
        return WatchBatch(clusterID: clusterID, revisions: revisions, progressRevision: last)
    }

    private mutating func check(_ header: ResponseHeader) throws(EtcdError) -> UInt64 {
        let known = clusterID ?? header.clusterID
        guard known == header.clusterID else {
            throw EtcdError(
                code: .clusterChanged,
                message: "cluster \(header.clusterID) answers instead of cluster \(known)")
        }
        clusterID = known
        return known
    }

    /// Groups the events by revision. Holds back the last revision if more of its events may follow.
    private mutating func complete(_ response: WatchResponse) -> [RevisionChanges] {
        var revisions = partial.take().map { [$0] } ?? []
        for event in response.events {
            let revision = event.keyValue.modRevision
            guard revision >= nextRevision else { continue }
            if revisions.last?.revision == revision {
                revisions[revisions.count - 1].events.append(event)
            } else {
                revisions.append(RevisionChanges(revision: revision, events: [event]))
            }
        }
        if response.isFragment { partial = revisions.popLast() }
        return revisions
    }
}
