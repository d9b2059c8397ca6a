package import Documents
package import Domain
package import Store

/// One version of an object: what a change made of it, and who made the change.
package struct ObjectVersion: Sendable {
    package var place: HistoryPlace
    package var verb: AuditRecord.Verb
    /// The ledger's row of the change; nil for what stood before the first row that is kept.
    package var row: AuditRecord?
    /// The object in the API; nil after a deletion, and when a gap in etcd's history hides it.
    package var representation: JSONValue?
    /// What turned the version before into this one, revisions aside; nil unless both are known.
    package var diff: [JSONPatch.Operation]?
}

/// One page of an object's versions, newest first.
package struct VersionPage: Sendable {
    package var versions: [ObjectVersion]
    /// Where the next page goes on; nil on the last.
    package var next: HistoryPlace?
}

extension ControlPlane {
    /// The versions of an object before `place`, newest first; none when nothing is known of it.
    package func versions(
        _ name: ObjectName, before place: HistoryPlace, limit: Int
    ) async throws(HistoryError) -> VersionPage {
        try await HistoryError.catching {
            let history = try await ObjectHistory(name, ledger, writer.planner)
            return try await history.page(before: place, limit: limit)
        }
    }
}
