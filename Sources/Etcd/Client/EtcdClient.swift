package import Logging
import ServiceLifecycle
import SwiftProtobuf

/// A client of one etcd cluster. A call that starts before `run()` waits for `run()`, but only until the deadline of
/// the call.
///
/// All calls use one endpoint until it fails, and then another one. A read is tried again on another endpoint within
/// the deadline. A write is tried again only if it certainly was not sent. If there are several endpoints and one
/// hangs, the client stops using this endpoint within about a second (`EtcdClient+Supervision`).
package struct EtcdClient: Service {
    let configuration: EtcdConfiguration
    package let pool: EndpointPool
    let authenticator = Authenticator()
    let logger: Logger

    /// Throws `.invalidArgument` if the configuration is unusable, for example because a certificate file cannot be
    /// read.
    package init(_ configuration: EtcdConfiguration, logger: Logger) throws(EtcdError) {
        try configuration.validate()
        self.configuration = configuration
        self.pool = try EndpointPool(configuration)
        self.logger = logger
    }
}

extension EtcdClient {
    /// Maintains the connections. After a graceful shutdown, returns when no call is in progress. When cancelled,
    /// returns immediately.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for endpoint in pool.endpoints {
                    group.addTask { await endpoint.run(logger) }
                }
            }
        } onGracefulShutdown: {
            for endpoint in pool.endpoints { endpoint.stop() }
        }
    }
}

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
        // Makes the call with the kind `read`, so that it may be repeated. A repetition is harmless, because an unused
        // lease expires.
        let response: Etcdserverpb_LeaseGrantResponse = try await call(
            Etcdserverpb_Lease.Method.LeaseGrant.descriptor,
            Etcdserverpb_LeaseGrantRequest.with { $0.ttl = ttlSeconds }, .read())
        guard response.error.isEmpty else {
            throw EtcdError(code: .internal, message: response.error)
        }
        return Lease(id: LeaseID(rawValue: response.id), ttlSeconds: response.ttl)
    }
}
