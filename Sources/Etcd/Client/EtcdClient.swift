package import Logging
import ServiceLifecycle

/// A client of one etcd cluster. Calls made before `run()` wait for it, until their deadline.
///
/// All calls use one endpoint until it fails, then the next. What certainly was not sent, and what
/// only reads, is tried again elsewhere within the deadline; a write that may have been sent is not. Where
/// there are several endpoints, one that hangs is left within about a second (`EtcdClient+Supervision`).
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
                    group.addTask { await endpoint.run(logger) }
                }
            }
        } onGracefulShutdown: {
            for endpoint in pool.endpoints { endpoint.stop() }
        }
    }
}
