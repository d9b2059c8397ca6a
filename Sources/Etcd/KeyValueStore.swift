/// The operations of etcd that this product uses. `EtcdClient` implements them over the network; tests use other
/// implementations.
///
/// Every call ends within the implementation's deadline, stops if its task is cancelled, and throws `EtcdError`.
package protocol KeyValueStore: Sendable {
    /// A description of the endpoints' failures since the last answer from any endpoint; nil if there were no
    /// failures.
    var trouble: String? { get }

    /// The endpoint in use; nil for a store without endpoints.
    var endpointInUse: String? { get }

    func range(_ request: RangeRequest) async throws -> RangeResponse

    /// Applies a transaction. Does not repeat a write that may have been sent. If the answer to a write is lost, throws
    /// an error with the outcome `.unknown`.
    func transaction(_ transaction: Transaction) async throws -> TransactionResponse

    /// Runs `body` with the watched changes. Delivers each revision as a whole, once and in order, across any number of
    /// reconnections. Ends when `body` ends.
    ///
    /// The sequence that `body` receives never finishes. It throws `EtcdError` `.compacted` if the next revision has
    /// been compacted, and `.clusterChanged` if another cluster answers. It also throws errors that would occur again
    /// after a retry, such as `.permissionDenied`.
    func watch<Result: Sendable>(
        _ request: WatchRequest,
        _ body: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result

    /// Grants a lease of at least `ttlSeconds` seconds.
    func grantLease(ttlSeconds: Int64) async throws -> Lease
}

extension KeyValueStore {
    package var trouble: String? { nil }

    package var endpointInUse: String? { nil }

    /// Returns the current value of the key; nil if the key does not exist.
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

    /// Deletes a key. Returns true if the key existed.
    @discardableResult
    package func delete(_ key: EtcdKey) async throws -> Bool {
        let response = try await transaction(Transaction(success: [.delete(key)]))
        guard case .delete(let delete)? = response.responses.first else { return false }
        return delete.deleted > 0
    }
}
