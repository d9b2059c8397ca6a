import Documents
import Domain
import Etcd

/// Recomputes `head` from what each revision shows, and tells of values that do not follow from the one
/// before: a replica's transaction always continues the chain, so those are somebody else's. Pure.
struct HeadChain: Sendable {
    private(set) var stored: StoredHead
    /// mod_revision of the key; 0 while there is none.
    private(set) var revision: Int64

    /// The head that the next revisions are held against.
    init(_ stored: StoredHead = .absent, revision: Int64 = 0) {
        self.stored = stored
        self.revision = revision
    }

    /// Takes one revision over; returns what is wrong with its `head`, nil when it does not change it or
    /// continues the chain.
    mutating func follow(_ changes: RevisionChanges) -> HeadFinding? {
        guard let event = changes.events.last(where: { $0.keyValue.key == Keyspace.head }) else {
            return nil
        }
        let before = stored
        guard event.kind == .put else {
            (stored, revision) = (.absent, 0)
            return before == .absent
                ? nil : HeadFinding("head was deleted: the chain begins anew", before, stored)
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
            let expected = Self.continued(before.head ?? .initial, changes)
            guard expected != head else { return nil }
            return HeadFinding(
                "head does not follow from the one before: somebody else wrote it", before, stored)
        case (_, .absent):
            return nil
        }
    }

    /// The head after the accepted changes of one revision, in the order in which their transaction has them.
    private static func continued(_ head: Head, _ changes: RevisionChanges) -> Head {
        var values: [String: [UInt8]] = [:]
        for event in changes.events where event.kind == .put {
            if let key = event.keyValue.key.string { values[key] = event.keyValue.value }
        }
        var head = head
        for event in changes.events where event.kind == .put {
            guard let (id, reading) = JournalReading.of(event.keyValue), let entry = reading.claim,
                entry.isAccepted
            else { continue }
            head = head.next(
                changeID: id, values: entry.keys.map { (path: $0, bytes: values[$0]) })
        }
        return head
    }
}

/// A change of `head` that no replica made.
struct HeadFinding: Sendable, Equatable {
    var reason: String
    var before: StoredHead
    var after: StoredHead

    init(_ reason: String, _ before: StoredHead, _ after: StoredHead) {
        self.reason = reason
        self.before = before
        self.after = after
    }

    /// The row that says so.
    func row(revision: Int64, clusterID: String, time: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["reason"] = .string(reason)
        detail["before"] = before.document
        detail["after"] = after.document
        var row = AuditRecord.Draft.own(
            .observe, .ledger, Self.rowName, detail: .object(detail), at: time)
        (row.revision, row.clusterID) = (revision, clusterID)
        return row
    }

    static let rowName = "head"
}

extension UnreadableHead {
    /// During an upgrade of the replicas one by one the value is of a later version with each change.
    fileprivate func isFromSameVersion(as other: UnreadableHead) -> Bool {
        guard case .laterVersion(let version) = reason else { return self == other }
        return other.reason == .laterVersion(version)
    }

    /// Bytes of a value that a row shows; etcd's largest has 1.5 MiB.
    fileprivate static let shownBytes = 1_024
}

extension StoredHead {
    /// The value as a row shows it: the head, the beginning of an unreadable text, or nil for no key.
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
