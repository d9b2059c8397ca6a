/// What this product needs of etcd: `EtcdClient` on the wire, others in tests.
///
/// Every call ends within the implementation's deadline, stops when its task is cancelled and
/// throws `EtcdError`.
package protocol KeyValueStore: Sendable {
    /// The reason why this store cannot be reached, for each endpoint, since it answered last; nil for none.
    var trouble: String? { get }

    /// The endpoint that calls go to at the moment; nil for a store that has none.
    var endpointInUse: String? { get }

    func range(_ request: RangeRequest) async throws -> RangeResponse

    /// Never tried twice once it may have been sent: a lost answer is an error whose `outcome` is
    /// `.unknown`.
    func transaction(_ transaction: Transaction) async throws -> TransactionResponse

    /// Runs `body` with the changes, each whole revision once and in order, across any number of
    /// reconnections; ends when `body` does.
    ///
    /// The sequence never finishes by itself. It throws `EtcdError` `.compacted` if the next
    /// revision is no longer there, `.clusterChanged` if another cluster answers, and what a
    /// retry cannot cure, such as `.permissionDenied`.
    func watch<Result: Sendable>(
        _ request: WatchRequest,
        _ body: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result

    /// A new lease of at least this many seconds.
    func grantLease(ttlSeconds: Int64) async throws -> Lease
}

extension KeyValueStore {
    package var trouble: String? { nil }

    package var endpointInUse: String? { nil }

    /// The key now, or nil if it does not exist.
    package func get(_ key: EtcdKey) async throws -> KeyValue? {
        try await range(RangeRequest(.key(key))).keyValues.first
    }

    @discardableResult
    package func put(
        _ key: EtcdKey, _ value: [UInt8], lease: LeaseID? = nil
    ) async throws -> ResponseHeader {
        let put = Transaction(success: [.put(key, value, lease: lease)])
        return try await transaction(put).header
    }

    /// Whether there was such a key.
    @discardableResult
    package func delete(_ key: EtcdKey) async throws -> Bool {
        let response = try await transaction(Transaction(success: [.delete(key)]))
        guard case .delete(let delete)? = response.responses.first else { return false }
        return delete.deleted > 0
    }
}
