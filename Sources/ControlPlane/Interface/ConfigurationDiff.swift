package import Documents
import Domain
package import Store

/// What became of one object between two places.
package struct ObjectDifference: Sendable {
    package var verb: ChangeVerb
    /// As the ledger calls it.
    package var kind: String
    package var name: String
    package var region: String?
    /// The etcd key; of a CrossRegionPolicy that of its first policy that changed.
    package var key: String
    /// As the API shows it, or as it is stored where no endpoint shows it; nil where it did not exist.
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

    /// What turns the one into the other, revisions aside; nil unless it is an update.
    package var diff: [JSONPatch.Operation]? {
        guard let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }
}

/// One page of differences, in the order of the keys.
package struct DifferencePage: Sendable {
    package var items: [ObjectDifference]
    /// Where the next page starts; nil on the last.
    package var next: String?
}

extension ControlPlane {
    /// What differs between the whole configuration at `from` and at `to`.
    ///
    /// - Parameter after: the `next` of an earlier page.
    package func differences(
        from: HistoryPlace, to: HistoryPlace, after: String?, limit: Int
    ) async throws(HistoryError) -> DifferencePage {
        try await HistoryError.catching {
            let comparison = PlaceComparison(
                ledger: ledger, before: reader(from), after: reader(to))
            return try await comparison.page(after: after, limit: limit)
        }
    }
}
