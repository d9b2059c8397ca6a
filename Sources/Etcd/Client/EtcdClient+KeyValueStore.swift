import SwiftProtobuf

extension EtcdClient: KeyValueStore {
    package var trouble: String? { pool.trouble }

    package var endpointInUse: String? { "\(pool.inUse.endpoint.address)" }

    package func range(_ request: RangeRequest) async throws -> RangeResponse {
        let response: Etcdserverpb_RangeResponse = try await call(
            Etcdserverpb_KV.Method.Range.descriptor, Etcdserverpb_RangeRequest(request),
            .read(requiresLeader: !request.serializable))
        return RangeResponse(response, header: ResponseHeader(response.header))
    }

    package func transaction(_ transaction: Transaction) async throws -> TransactionResponse {
        let response: Etcdserverpb_TxnResponse = try await call(
            Etcdserverpb_KV.Method.Txn.descriptor, Etcdserverpb_TxnRequest(transaction),
            transaction.isReadOnly ? .read() : .write)
        return try TransactionResponse(response)
    }

    package func watch<Result: Sendable>(
        _ request: WatchRequest,
        _ body: @Sendable (WatchBatches) async throws -> Result
    ) async throws -> Result {
        try await WatchBatches.withPipe(
            bufferBytes: configuration.watchBufferBytes,
            produce: { try await follow(request, into: $0) },
            consume: body)
    }

    package func grantLease(ttlSeconds: Int64) async throws -> Lease {
        // Harmless to repeat: a lease that nobody learns of expires.
        let response: Etcdserverpb_LeaseGrantResponse = try await call(
            Etcdserverpb_Lease.Method.LeaseGrant.descriptor,
            Etcdserverpb_LeaseGrantRequest.with { $0.ttl = ttlSeconds }, .read())
        guard response.error.isEmpty else {
            throw EtcdError(code: .internal, message: response.error)
        }
        return Lease(id: LeaseID(rawValue: response.id), ttlSeconds: response.ttl)
    }
}
