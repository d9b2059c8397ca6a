import GRPCCore
import GRPCProtobuf

extension EtcdClient {
    /// The time that a member has to answer on a new connection.
    private static let renewalTimeout = Duration.seconds(2)

    /// Reads the files of the TLS settings again and connects to the endpoints anew. No call fails: new calls use a new
    /// connection as soon as the member has answered on it, and calls in progress, including watches, stay on the old
    /// connection.
    ///
    /// - Parameter addresses: The endpoints to connect to; nil for all.
    /// - Returns: The endpoints that keep their old connection, because the files cannot be used or because the member
    ///   does not answer on a new connection.
    package func renewConnections(
        to addresses: Set<EtcdEndpoint>? = nil
    ) async -> [EtcdEndpoint: EtcdError] {
        await withTaskGroup(of: (EtcdEndpoint, EtcdError?).self) { group in
            for endpoint in pool.endpoints
            where endpoint.address.usesTLS && addresses?.contains(endpoint.address) != false {
                group.addTask {
                    do throws(EtcdError) {
                        try await endpoint.renew { client throws(EtcdError) in
                            try await Self.check(client, callOptions(timeout: Self.renewalTimeout))
                        }
                        return (endpoint.address, nil)
                    } catch {
                        return (endpoint.address, error)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// Asks the member for its status. Returns if the member answers, even if the answer is a refusal: etcd 3.6
    /// requires a token for a status request.
    private static func check(
        _ client: Endpoint.Client, _ options: CallOptions
    ) async throws(EtcdError) {
        do {
            _ = try await client.unary(
                request: ClientRequest(message: Etcdserverpb_StatusRequest()),
                descriptor: Etcdserverpb_Maintenance.Method.Status.descriptor,
                serializer: ProtobufSerializer<Etcdserverpb_StatusRequest>(),
                deserializer: ProtobufDeserializer<Etcdserverpb_StatusResponse>(),
                options: options
            ) { response in
                try response.message
            }
        } catch {
            let failure = EtcdError(error, mayBeApplied: false)
            guard failure.code == .unauthenticated || failure.code == .permissionDenied else {
                throw failure
            }
        }
    }
}
