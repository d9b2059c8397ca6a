package import Documents
package import Domain
package import Store

/// A point in the past as a client names it.
package enum HistoryPoint: Sendable, Equatable {
    /// An etcd revision of the newest epoch.
    case revision(Int64)
    case time(Timestamp)
    /// A place that an earlier answer found, such as the page before.
    case position(HistoryPosition)
    /// The newest that there is.
    case newest
}

extension HistoryPoint {
    /// A revision in decimal, or a time as `Timestamp.init(asked:now:)` reads it; nil for anything else.
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

/// Which state a read shows.
package enum PointInTime: Sendable, Equatable {
    case now
    case past(ResolvedPosition)

    /// The place in the past; nil for now.
    package var past: ResolvedPosition? { if case .past(let known) = self { known } else { nil } }
}

/// One version of an object: what a change made of it, and who made the change.
package struct ObjectVersion: Sendable {
    package var position: HistoryPosition
    package var verb: AuditRecord.Verb
    /// The ledger's row of the change; nil for the value before the first row that is kept.
    package var row: AuditRecord?
    /// The object in the API; nil after a deletion, and when a gap in etcd's history hides it.
    package var representation: JSONValue?
    /// The difference from the version before, without revisions; nil unless both are known.
    package var diff: [JSONPatch.Operation]?
}

/// One page of an object's versions, newest first.
package struct VersionPage: Sendable {
    package var versions: [ObjectVersion]
    /// The position of the next page; nil on the last.
    package var next: HistoryPosition?
}

/// The difference of one object between two positions in history.
package struct ObjectDifference: Sendable {
    package var verb: ChangeVerb
    /// The kind by which the ledger names it.
    package var kind: String
    package var name: String
    package var region: String?
    /// The etcd key; of a CrossRegionPolicy that of its first policy that changed.
    package var key: String
    /// The document in the API, or the stored one if no endpoint shows the kind; nil where it did not exist.
    package var before: JSONValue?
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

    /// The difference of the two documents, without revisions; nil unless it is an update.
    package var diff: [JSONPatch.Operation]? {
        guard let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }
}

/// One page of differences, in the order of the keys.
package struct DifferencePage: Sendable {
    package var items: [ObjectDifference]
    /// The position of the next page; nil on the last.
    package var next: String?
}
