package import Documents
package import Domain
package import Store

/// A point in the past, as a client names it.
package enum HistoryPoint: Sendable, Equatable {
    /// An etcd revision in the newest epoch.
    case revision(Int64)
    case time(Timestamp)
    /// A position that an earlier answer returned, such as the end of the previous page.
    case position(HistoryPosition)
    /// The newest known state.
    case newest
}

extension HistoryPoint {
    /// Reads a decimal revision or a time. `Timestamp.init(asked:now:)` defines the form of a time. Returns nil for any
    /// other string.
    package init?(_ text: String, now: Timestamp = SystemClock.now()) {
        if let revision = Int64(text), String(revision) == text, revision >= 0 {
            self = .revision(revision)
        } else if let time = Timestamp(asked: text, now: now) {
            self = .time(time)
        } else {
            return nil
        }
    }
}

/// The state that a read shows.
package enum PointInTime: Sendable, Equatable {
    case now
    case past(ResolvedPosition)

    /// The position in the past; nil for `now`.
    package var past: ResolvedPosition? { if case .past(let known) = self { known } else { nil } }
}

/// One version of an object: the result of one change, and its author.
package struct ObjectVersion: Sendable {
    package var position: HistoryPosition
    package var verb: AuditRecord.Verb
    /// The ledger's row of the change. Nil for the value before the first row in the ledger. Also nil if the object
    /// before or after the change is hidden from the caller.
    package var row: AuditRecord?
    /// The object as the API shows it; nil after a deletion, or if a gap in etcd's history hides the object.
    package var representation: JSONValue?
    /// The difference from the previous version, without revisions; nil unless both versions are known.
    package var diff: [JSONPatch.Operation]?
}

/// One page of an object's versions, newest first.
package struct VersionPage: Sendable {
    package var versions: [ObjectVersion]
    /// The position of the next page; nil on the last page.
    package var next: HistoryPosition?
}

/// The difference in one object between two positions in history.
package struct ObjectDifference: Sendable {
    package var verb: ChangeVerb
    /// The kind that the ledger uses for the object.
    package var kind: String
    package var name: String
    package var region: String?
    /// The etcd key. For a CrossRegionPolicy, the lowest key of its changed compiled policies.
    package var key: String
    /// The document at the first position, as the API shows it, or as it is stored if no endpoint shows the kind. Nil
    /// if the object did not exist.
    package var before: JSONValue?
    /// The document at the second position, in the same form as `before`; nil if the object did not exist.
    package var after: JSONValue?
}

extension ObjectDifference {
    init(
        kind: String, name: String, region: String?, key: String, before: JSONValue?,
        after: JSONValue?
    ) {
        self.init(
            verb: before == nil ? .create : after == nil ? .delete : .update, kind: kind,
            name: name, region: region, key: key, before: before, after: after)
    }

    /// The difference between the two documents, without revisions; nil unless the change is an update.
    package var diff: [JSONPatch.Operation]? {
        guard let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }
}

/// One page of differences, ordered by key.
package struct DifferencePage: Sendable {
    package var items: [ObjectDifference]
    /// The position of the next page; nil on the last page.
    package var next: String?
}
