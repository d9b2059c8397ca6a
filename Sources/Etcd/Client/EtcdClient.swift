import GRPCCore
package import Logging
import ServiceLifecycle

/// A client of one etcd cluster. Calls made before `run()` wait for it, until their deadline.
///
/// All calls use one endpoint until it fails, then the next. What certainly was not sent, and what
/// only reads, is tried again elsewhere within the deadline; a write that may have been sent is not.
package struct EtcdClient: Service {
    let configuration: EtcdConfiguration
    let pool: EndpointPool
    let authenticator = Authenticator()
    let logger: Logger

    /// Throws `.invalidArgument` if the configuration, a certificate file say, is unusable.
    package init(_ configuration: EtcdConfiguration, logger: Logger) throws(EtcdError) {
        try configuration.validate()
        self.configuration = configuration
        self.pool = try EndpointPool(configuration)
        self.logger = logger
    }
}

extension EtcdClient {
    /// Keeps the connections; returns after a graceful shutdown, when no call is in progress any
    /// more, or at once when cancelled.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for endpoint in pool.endpoints {
                    group.addTask { await keepConnection(to: endpoint) }
                }
            }
        } onGracefulShutdown: {
            for endpoint in pool.endpoints { endpoint.client.beginGracefulShutdown() }
        }
    }

    private func keepConnection(to endpoint: Endpoint) async {
        do {
            try await endpoint.client.runConnections()
        } catch {
            logger.debug(
                "etcd connection closed",
                metadata: ["endpoint": "\(endpoint.address)", "error": "\(error)"])
        }
    }
}

extension EtcdClient {
    /// What the member in use says about itself.
    package func status() async throws -> EtcdStatus {
        let response: Etcdserverpb_StatusResponse = try await call(
            Etcdserverpb_Maintenance.Method.Status.descriptor, Etcdserverpb_StatusRequest(),
            .read(requiresLeader: false))
        return EtcdStatus(response)
    }
}

/// A member's view of itself and its cluster.
package struct EtcdStatus: Hashable, Sendable {
    package var header: ResponseHeader
    /// Of the server, such as "3.4.23".
    package var version: String
    /// Size of the database file in bytes.
    package var databaseBytes: Int64
    /// The member that leads, 0 if none does.
    package var leaderID: UInt64
    /// Alarms and failures in etcd's words.
    package var errors: [String]
}

extension EtcdStatus {
    init(_ wire: Etcdserverpb_StatusResponse) {
        self.init(
            header: ResponseHeader(wire.header), version: wire.version, databaseBytes: wire.dbSize,
            leaderID: wire.leader, errors: wire.errors)
    }
}
