import Etcd
import Synchronization

/// A store between the control plane and etcd. The test sees each transaction before it is sent, and can hold it, fail
/// it or do something first. The test can also hold the watch.
final class InterceptedStore: KeyValueStore {
    typealias Intercept = @Sendable (Transaction) async throws -> Void

    private let store: any KeyValueStore
    private let intercept = Mutex<Intercept?>(nil)
    private let onLease = Mutex<(@Sendable () async -> Void)?>(nil)
    let watchGate = Gate()

    init(_ store: any KeyValueStore) { self.store = store }

    /// Sets a function that is called before each transaction that writes. The control plane gets its error as etcd's
    /// answer.
    func beforeWrites(_ body: Intercept?) { intercept.withLock { $0 = body } }

    /// Sets a function that is called before each lease is granted.
    func beforeLease(_ body: (@Sendable () async -> Void)?) { onLease.withLock { $0 = body } }

    func transaction(_ transaction: Transaction) async throws -> TransactionResponse {
        if !transaction.isReadOnly, let intercept = intercept.withLock({ $0 }) {
            try await intercept(transaction)
        }
        return try await store.transaction(transaction)
    }

    func range(_ request: RangeRequest) async throws -> RangeResponse {
        try await store.range(request)
    }

    func watch<Result: Sendable>(
        _ request: WatchRequest, _ body: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result {
        let (store, gate) = (store, watchGate)
        return try await WatchBatches.withPipe(
            produce: { sink in
                try await store.watch(request) { batches in
                    for try await batch in batches {
                        await gate.pass()
                        try await sink.send(batch)
                    }
                }
            }, consume: body)
    }

    func grantLease(ttlSeconds: Int64) async throws -> Lease {
        if let body = onLease.withLock({ $0 }) { await body() }
        return try await store.grantLease(ttlSeconds: ttlSeconds)
    }
}

/// Holds the callers of `pass` while it is shut.
final class Gate: Sendable {
    private struct State {
        var isShut = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// The number of callers that are held.
    var held: Int { state.withLock { $0.waiting.count } }

    func shut() { state.withLock { $0.isShut = true } }

    func open() {
        let waiting = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isShut { state.waiting.append(continuation) }
                return state.isShut
            }
            if !isHeld { continuation.resume() }
        }
    }
}

extension Transaction {
    /// True if its success branch puts or deletes the key.
    func writes(_ key: EtcdKey) -> Bool {
        success.contains { operation in
            switch operation {
            case .put(let put): put.key == key
            case .delete(let delete): delete.keys == .key(key)
            case .range: false
            }
        }
    }

    /// True for the transaction of a change. False for a rehearsal, which contains a comparison that never holds.
    var isCommitted: Bool { !compares.contains { $0.target == .version(-1) } }
}
