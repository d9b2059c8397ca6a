import Documents
package import Domain
package import Etcd

/// Recomputes `head` from the changes of each revision, and reports stored values that differ from the result. A
/// replica's transaction always continues the chain, so a different value comes from another writer.
package struct HeadChain: Sendable {
    private(set) var stored: StoredHead
    /// The mod_revision of the key `head`; 0 if absent.
    private(set) var revision: Int64

    /// Starts the chain at `stored`. The next change to `head` has to continue the chain from there.
    package init(_ stored: StoredHead = .absent, revision: Int64 = 0) {
        self.stored = stored
        self.revision = revision
    }

    /// Follows the changes of one revision. Returns the finding about the new `head`. Returns nil if the revision does
    /// not change `head`, or if the new `head` continues the chain.
    ///
    /// - Parameter journal: The journal entries of the revision; nil if they have not been read yet.
    package mutating func follow(
        _ changes: RevisionChanges, _ journal: RevisionJournal? = nil
    ) -> HeadFinding? {
        guard let event = changes.events.last(where: { $0.keyValue.key == Keyspace.head }) else {
            return nil
        }
        let before = stored
        guard event.kind == .put else {
            (stored, revision) = (.absent, 0)
            return before == .absent
                ? nil : HeadFinding("head was deleted, so the chain starts again", before, stored)
        }
        (stored, revision) = (StoredHead(bytes: event.keyValue.value), changes.revision)
        switch (before, stored) {
        case (.unreadable(let old), .unreadable(let new)) where old.isFromSameVersion(as: new):
            return nil
        case (_, .unreadable(let unreadable)):
            return HeadFinding(unreadable.problem, before, stored)
        case (.unreadable, _):
            return HeadFinding("head can be read again", before, stored)
        case (.absent, .valid(let head)), (.valid, .valid(let head)):
            let expected = Self.continued(
                before.head ?? .initial, journal ?? RevisionJournal(changes))
            guard expected != head else { return nil }
            return HeadFinding(
                "the new value of head does not follow from the previous one: another program wrote it",
                before,
                stored)
        case (_, .absent):
            return nil
        }
    }

    /// Returns the head that results from `head` and the accepted changes of one revision. The changes are applied in
    /// the order in which their transaction wrote them.
    private static func continued(_ head: Head, _ journal: RevisionJournal) -> Head {
        var head = head
        for (id, reading) in journal.entries {
            guard let entry = reading.claim, entry.isAccepted else { continue }
            head = head.next(
                changeID: id, values: entry.keys.map { (path: $0, bytes: journal.values[$0]) })
        }
        return head
    }
}

/// A change to `head` that was not made by a replica.
package struct HeadFinding: Sendable, Equatable {
    package var reason: String
    package var before: StoredHead
    package var after: StoredHead

    /// Creates the finding that `after` does not follow from `before`.
    package init(_ reason: String, _ before: StoredHead, _ after: StoredHead) {
        self.reason = reason
        self.before = before
        self.after = after
    }

    /// Returns the ledger row of the finding.
    package func row(revision: Int64, clusterID: String, time: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["reason"] = .string(reason)
        detail["before"] = before.document
        detail["after"] = after.document
        var row = AuditRecord.Draft.own(
            .observe, .ledger, Self.rowName, detail: .object(detail), at: time)
        (row.revision, row.clusterID) = (revision, clusterID)
        return row
    }

    /// The name of the object in the audit row.
    package static let rowName = "head"
}

extension UnreadableHead {
    /// True if the values are equal, or if the same later version of this program wrote both. An upgraded replica
    /// changes the value with every commit, so a change between two values of the same later version is not reported.
    fileprivate func isFromSameVersion(as other: UnreadableHead) -> Bool {
        guard case .laterVersion(let version) = reason else { return self == other }
        return other.reason == .laterVersion(version)
    }

    /// The largest number of bytes that a row shows of an unreadable value. A value in etcd has up to 1.5 MiB.
    fileprivate static let shownBytes = 1_024
}

extension StoredHead {
    /// The value that a row shows: the head, or the beginning of an unreadable value as text; nil if the key is absent.
    fileprivate var document: JSONValue? {
        switch self {
        case .absent: nil
        case .valid(let head): try? JSONParser.parse(head.bytes)
        case .unreadable(let unreadable):
            .string(
                String(decoding: unreadable.bytes.prefix(UnreadableHead.shownBytes), as: UTF8.self))
        }
    }
}
