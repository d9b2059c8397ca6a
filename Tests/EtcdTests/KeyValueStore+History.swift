import Etcd

extension KeyValueStore {
    /// Returns every change from one revision to another, as a watch reports it.
    func history(
        _ keys: KeyRange = .prefix(""), from first: Int64, through last: Int64,
        returnsPrevious: Bool = false
    ) async throws -> [RevisionChanges] {
        let request = WatchRequest(keys, startRevision: first, returnsPrevious: returnsPrevious)
        return try await watch(request) { batches in
            var revisions: [RevisionChanges] = []
            for try await batch in batches {
                revisions += batch.revisions
                if batch.progressRevision >= last { break }
            }
            return revisions
        }
    }
}
