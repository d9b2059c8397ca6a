import Etcd
import Synchronization

/// The lease that journal entries are attached to: a fresh one every hour, so that one expiry never
/// deletes much at once.
///
/// Used by the writer's task alone; the lock only makes the state shareable.
final class JournalLease: Sendable {
    private struct Current {
        var id: LeaseID
        var renewAt: ContinuousClock.Instant
    }

    private let store: any KeyValueStore
    /// Seconds that journal entries live.
    private let ttlSeconds: Int64
    private let current = Mutex<Current?>(nil)

    init(store: any KeyValueStore, ttlSeconds: Int64) {
        self.store = store
        self.ttlSeconds = ttlSeconds
    }

    /// The lease for entries written now; throws `EtcdError` when a new one is due and etcd is away.
    func id() async throws -> LeaseID {
        let now = ContinuousClock.now
        if let current = current.withLock({ $0 }), now < current.renewAt { return current.id }
        let lease = try await store.grantLease(ttlSeconds: ttlSeconds)
        current.withLock { $0 = Current(id: lease.id, renewAt: now + .seconds(3_600)) }
        return lease.id
    }

    /// Forgets a lease that etcd does not know (any more).
    func discard() {
        current.withLock { $0 = nil }
    }
}
