import Calico
import Etcd

/// A complete state for the mirror, read from etcd at one revision.
struct EtcdSnapshot: Sendable {
    var state: MirrorState
    /// The audited keys and their values, for `GapComparison`. Empty unless they were requested.
    var audited: [String: KeyValue] = [:]

    /// Reads the state of etcd at `revision`. Throws `EtcdError` `.compacted` if etcd has compacted that revision.
    ///
    /// - Parameters:
    ///   - keepsValues: True to fill `audited`.
    ///   - authenticator: Verifies the changes that wait for a second person.
    static func read(
        _ store: any KeyValueStore, at revision: Int64, keepsValues: Bool,
        _ authenticator: JournalAuthenticator
    ) async throws -> EtcdSnapshot {
        var listing = EtcdSnapshot(state: MirrorState(authenticator: authenticator))
        // Parses each page in a task of its own, because the parsing takes most of the time of a start.
        try await withThrowingTaskGroup(of: [PreparedPut].self) { group in
            var parsing = 0
            for prefix in AuditedKey.prefixes + [MirrorState.endpointPrefix] {
                // Reads all pages at the same revision, so that they show one state.
                try await store.rangePages(prefix: EtcdKey(prefix), revision: revision) { page in
                    if parsing == maximumPages, let parsed = try await group.next() {
                        listing.add(parsed, keepsValues: keepsValues)
                        parsing -= 1
                    }
                    let keyValues = page.keyValues
                    group.addTask { keyValues.map { PreparedPut($0, authenticator) } }
                    parsing += 1
                }
            }
            for try await parsed in group { listing.add(parsed, keepsValues: keepsValues) }
        }
        let head = RangeRequest(.key(Keyspace.head), revision: revision)
        for keyValue in try await store.range(head).keyValues { listing.state.put(keyValue) }
        return listing
    }

    /// Returns the mod_revision of every audited key as of `revision`.
    static func revisions(
        _ store: any KeyValueStore, at revision: Int64
    ) async throws -> [String: Int64] {
        var revisions: [String: Int64] = [:]
        for prefix in AuditedKey.prefixes {
            try await store.rangePages(
                // Requests large pages, because keys without values are small.
                prefix: EtcdKey(prefix), revision: revision, pageSize: 10_000, keysOnly: true
            ) { page in
                for keyValue in page.keyValues {
                    guard let path = AuditedKey(keyValue.key)?.path else { continue }
                    revisions[path] = keyValue.modRevision
                }
            }
        }
        return revisions
    }

    /// The maximum number of pages that are parsed at the same time. It limits the memory: a parsed page is about ten
    /// times as large as its text.
    private static let maximumPages = 4

    private mutating func add(_ puts: [PreparedPut], keepsValues: Bool) {
        for put in puts {
            state.put(put)
            guard keepsValues, let path = AuditedKey(put.keyValue.key)?.path else { continue }
            audited[path] = put.keyValue
        }
    }
}

extension KeyValueStore {
    /// Returns the revision up to which etcd is compacted, if that revision is after `revision`; otherwise nil.
    func compactedRevision(past revision: Int64) async throws -> Int64? {
        // Begins at revision 1, because an empty etcd already has revision 1. No change can have been lost before
        // revision 1.
        let first = max(revision, 1)
        do {
            _ = try await range(RangeRequest(.key(Keyspace.head), revision: first))
            return nil
        } catch let error as EtcdError where error.isCompaction {}
        do {
            // Starts a watch, because the error of a watch names the first available revision. The error of a range
            // request does not name it.
            let request = WatchRequest(.prefix(Keyspace.watchPrefix), startRevision: first)
            try await watch(request) { batches in
                for try await _ in batches { return }
            }
            return nil
        } catch let error as EtcdError {
            guard case .compacted(let compacted?) = error.code else { throw error }
            return compacted
        }
    }

    /// Returns the highest mod_revision of all followed keys; 0 if there is no followed key.
    func newestFollowedRevision() async throws -> Int64 {
        let newest = RangeRequest(
            .prefix(Keyspace.watchPrefix), limit: 1, keysOnly: true, sort: .descending(.modRevision)
        )
        return try await range(newest).keyValues.first?.modRevision ?? 0
    }
}

extension EtcdError {
    var isCompaction: Bool {
        if case .compacted = code { true } else { false }
    }
}
