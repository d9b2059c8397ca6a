import Etcd
import Synchronization

/// Checks whether etcd would accept a write now, without writing. Sends a transaction with a comparison that never
/// holds, so etcd writes nothing. etcd still checks the quota, the alarms and the permissions for both branches,
/// because it checks them before it compares.
final class WriteProbe: Sendable {
    private let store: any KeyValueStore
    private let last = Mutex<(time: ContinuousClock.Instant, trouble: String?)?>(nil)
    private let turns = CoalescingTask()

    /// The time for which all callers share one answer. Callers share answers, because each probe adds an entry to
    /// etcd's Raft log.
    private static let lifetime = Duration.milliseconds(100)
    /// The longest wait for etcd. It is shorter than the etcd client's time-out, so that a health check gets an answer
    /// soon.
    private static let patience = Duration.seconds(1)

    init(store: any KeyValueStore) { self.store = store }

    /// Returns the reason why etcd would not accept a write; nil if it would.
    func trouble() async -> String? {
        if let last = recent { return last.trouble }
        await turns.run { [self] in
            guard recent == nil else { return }
            let trouble = await probe()
            // The task is cancelled when all callers have left. The result then says nothing about etcd, so it is not
            // stored.
            guard !Task.isCancelled else { return }
            last.withLock { $0 = (.now, trouble) }
        }
        return last.withLock { $0 }?.trouble
    }

    private var recent: (time: ContinuousClock.Instant, trouble: String?)? {
        last.withLock { $0 }.flatMap { $0.time + Self.lifetime > .now ? $0 : nil }
    }

    private func probe() async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    _ = try await self.store.transaction(Self.transaction)
                    return nil
                } catch var error as EtcdError {
                    // A probe never writes, so nothing was applied even if etcd's answer was lost.
                    error.outcome = .notApplied
                    return "\(error)"
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                let reason = self.store.trouble.map { ": \($0)" } ?? ""
                return "no answer within \(Self.patience.components.seconds) s\(reason)"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// The transaction of the probe. Its success branch, which etcd never runs, writes one key of every range that this
    /// server writes.
    private static var transaction: Transaction {
        Transaction(
            compares: [.never(Keyspace.head)],
            success: EtcdPermission.written.map { .put($0.sample, []) } + [.put(Keyspace.head, [])],
            failure: [.range(.key(Keyspace.head))])
    }
}
