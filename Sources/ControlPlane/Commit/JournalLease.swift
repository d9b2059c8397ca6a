import Etcd
import Synchronization

/// The lease of the journal entries. A new lease is granted every hour, so that one expiry never deletes many entries
/// at once.
///
/// Only the writer's task uses the lease. The mutex is there only because a `Sendable` class needs one for mutable
/// state.
final class JournalLease: Sendable {
    private struct Current {
        var id: LeaseID
        var renewAt: ContinuousClock.Instant
    }

    private let store: any KeyValueStore
    /// The lifetime of journal entries in seconds.
    private let ttlSeconds: Int64
    private let current = Mutex<Current?>(nil)

    init(store: any KeyValueStore, ttlSeconds: Int64) {
        self.store = store
        self.ttlSeconds = ttlSeconds
    }

    /// Returns the lease for new entries. Throws `EtcdError` if a new lease is due and etcd is unavailable.
    func id() async throws -> LeaseID {
        let now = ContinuousClock.now
        if let current = current.withLock({ $0 }), now < current.renewAt { return current.id }
        let lease = try await store.grantLease(ttlSeconds: ttlSeconds)
        current.withLock { $0 = Current(id: lease.id, renewAt: now + .seconds(3_600)) }
        return lease.id
    }

    /// Forgets the lease, for example after etcd has reported it as unknown.
    func discard() {
        current.withLock { $0 = nil }
    }
}
