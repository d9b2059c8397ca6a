import Calico
import Etcd

/// Everything the mirror keeps, read at one revision.
struct Listing: Sendable {
    var state = MirrorState()
    /// The audited keys, for a comparison.
    var audited: [String: KeyValue] = [:]

    /// Reads etcd as it was at `revision`; throws `EtcdError` `.compacted` when that is gone.
    ///
    /// - Parameter keepsValues: whether `audited` is filled.
    static func read(
        _ store: any KeyValueStore, at revision: Int64, keepsValues: Bool
    ) async throws -> Listing {
        var listing = Listing()
        let prefixes =
            MirrorState.kinds.map(ResourceKey.prefix) + [MirrorState.endpointPrefix]
        for prefix in prefixes {
            try await store.rangePages(prefix: EtcdKey(prefix), revision: revision) { page in
                for keyValue in page.keyValues { listing.add(keyValue, keepsValues: keepsValues) }
            }
        }
        let head = RangeRequest(.key(Keyspace.head), revision: revision)
        for keyValue in try await store.range(head).keyValues { listing.state.put(keyValue) }
        return listing
    }

    /// The revision of every audited key as it was at `revision`.
    static func revisions(
        _ store: any KeyValueStore, at revision: Int64
    ) async throws -> [String: Int64] {
        var revisions: [String: Int64] = [:]
        for prefix in MirrorState.kinds.map(ResourceKey.prefix) {
            try await store.rangePages(
                prefix: EtcdKey(prefix), revision: revision, pageSize: 10_000, keysOnly: true
            ) { page in
                for keyValue in page.keyValues {
                    guard let path = MirrorState.auditedKey(keyValue.key)?.path else { continue }
                    revisions[path] = keyValue.modRevision
                }
            }
        }
        return revisions
    }

    private mutating func add(_ keyValue: KeyValue, keepsValues: Bool) {
        state.put(keyValue)
        guard keepsValues, let path = MirrorState.auditedKey(keyValue.key)?.path else { return }
        audited[path] = keyValue
    }
}
