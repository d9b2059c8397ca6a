import Etcd
import Synchronization

/// A store that loses or delays transactions as the test asks.
final class FaultyStore: KeyValueStore {
    enum Fault {
        /// The transaction is applied, but its answer is lost.
        case lostAnswer
        /// The transaction never reaches etcd.
        case lostRequest
        /// The transaction reaches etcd only when `deliverLate` is called.
        case delayed
    }

    private struct State {
        var faults: [Fault] = []
        var late: [Transaction] = []
        var isAway = false
        var isWatchFrozen = false
    }

    let endpointInUse: String? = "http://etcd.example.org:2379"
    private let store: any KeyValueStore
    private let state = Mutex(State())

    init(_ store: any KeyValueStore) { self.store = store }

    /// Sets the faults of the next transactions, one fault for each. Later transactions are delivered.
    func fail(_ faults: Fault...) { fail(faults) }

    func fail(_ faults: [Fault]) { state.withLock { $0.faults = faults } }

    /// If true, every transaction after the faults is lost before it reaches etcd.
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// Delivers the delayed transactions. Returns for each one whether its comparisons held.
    func deliverLate() async throws -> [Bool] {
        let late = state.withLock { state in
            defer { state.late = [] }
            return state.late
        }
        var results: [Bool] = []
        for transaction in late {
            results.append(try await store.transaction(transaction).succeeded)
        }
        return results
    }

    func transaction(_ transaction: Transaction) async throws -> TransactionResponse {
        if transaction.isReadOnly { return try await store.transaction(transaction) }
        let fault = state.withLock { state -> Fault? in
            guard !state.faults.isEmpty else { return state.isAway ? .lostRequest : nil }
            let fault = state.faults.removeFirst()
            if fault == .delayed { state.late.append(transaction) }
            return fault
        }
        guard let fault else { return try await store.transaction(transaction) }
        if fault == .lostAnswer { _ = try await store.transaction(transaction) }
        throw EtcdError(
            code: .unavailable, message: "the connection was lost", outcome: .unknown)
    }

    func range(_ request: RangeRequest) async throws -> RangeResponse {
        try await store.range(request)
    }

    /// Passes on the batches of the store's watch. Passes on nothing while the watch is frozen.
    func watch<Result: Sendable>(
        _ request: WatchRequest, _ body: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result {
        try await store.watch(request) { batches in
            try await WatchBatches.withPipe(
                produce: { sink in
                    for try await batch in batches {
                        while self.state.withLock({ $0.isWatchFrozen }) {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                        try await sink.send(batch)
                    }
                }, consume: body)
        }
    }

    /// If true, holds back everything that the watch shows. All other calls work.
    func setWatchFrozen(_ isFrozen: Bool) { state.withLock { $0.isWatchFrozen = isFrozen } }

    func grantLease(ttlSeconds: Int64) async throws -> Lease {
        try await store.grantLease(ttlSeconds: ttlSeconds)
    }
}
