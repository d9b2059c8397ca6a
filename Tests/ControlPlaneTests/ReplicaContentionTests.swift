import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Synchronization
import TestSupport
import Testing

/// Two replicas that write at the same time take turns (`ReplicaTurns`), instead of refusing each other's transactions.
@Suite struct ReplicaContentionTests {
    /// Counts the write transactions of one replica, and those that etcd refused because another one came first.
    private final class CountingStore: KeyValueStore {
        private let store: any KeyValueStore
        let counts = Mutex((sent: 0, lost: 0))

        init(_ store: any KeyValueStore) { self.store = store }

        func transaction(_ transaction: Transaction) async throws -> TransactionResponse {
            let response = try await store.transaction(transaction)
            if !transaction.isReadOnly {
                counts.withLock {
                    $0.sent += 1
                    if !response.succeeded { $0.lost += 1 }
                }
            }
            return response
        }

        func range(_ request: RangeRequest) async throws -> RangeResponse {
            try await store.range(request)
        }

        func watch<Result: Sendable>(
            _ request: WatchRequest, _ body: @Sendable (WatchBatches) async throws -> Result
        ) async throws -> Result { try await store.watch(request, body) }

        func grantLease(ttlSeconds: Int64) async throws -> Lease {
            try await store.grantLease(ttlSeconds: ttlSeconds)
        }
    }

    @Test func `two busy replicas send few transactions in vain`() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd { etcd in
            try await withStore(etcd) { first in
                try await withStore(etcd) { second in
                    let stores = [CountingStore(first), CountingStore(second)]
                    try await withControlPlane(stores[0], ledger: directory.file("1.sqlite")) {
                        one, _ in
                        try await withControlPlane(stores[1], ledger: directory.file("2.sqlite")) {
                            two, _ in
                            try await Self.write(through: [one, two])
                        }
                    }
                    let counts = stores.map { $0.counts.withLock { $0 } }
                    let sent = counts.map(\.sent).reduce(0, +)
                    let lost = counts.map(\.lost).reduce(0, +)
                    #expect(sent > 100)
                    // Without turns about every second transaction is lost.
                    #expect(lost * 3 < sent, "\(lost) of \(sent) were lost")
                }
            }
        }
    }

    /// Twelve writers, each of which sends its next policy once the one before is answered.
    private static func write(through planes: [ControlPlane]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<12 {
                group.addTask {
                    for number in 0..<100 {
                        let name = "p-\(writer)-\(number)"
                        let outcome = try await planes[writer % 2].submit(.policy(name))
                        #expect(outcome.applied != nil)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
