import ControlPlane
import Etcd
import Foundation
package import HTTPCore
import HTTPTypes
package import Logging
package import ServiceLifecycle
import Store
import UnixSignals

/// The parts of the server, wired together.
package struct Application: Sendable {
    package let http: HTTPServer
    private let etcd: EtcdClient
    private let ledger: AuditLedger
    private let controlPlane: ControlPlane
    private let settings: Settings
    private let logger: Logger

    /// Opens the ledger; throws when its file is unusable, or for a setting that etcd's client refuses.
    /// That etcd is away is no reason to fail: readiness says so.
    package init(_ settings: Settings, logger: Logger? = nil) throws {
        self.settings = settings
        self.logger = logger ?? Self.makeLogger(settings.logLevel)
        etcd = try EtcdClient(settings.etcd.configuration(), logger: self.logger)
        ledger = try AuditLedger(path: settings.dataDirectory + "/audit.sqlite")
        controlPlane = ControlPlane(
            store: etcd, ledger: ledger,
            configuration: ControlPlaneConfiguration(
                policyNames: settings.policyNames, writeDeadline: settings.writeDeadline),
            logger: self.logger)
        let metrics = Metrics()
        let api = API(controlPlane: controlPlane, ledger: ledger, metrics: metrics) {
            var generator = SystemRandomNumberGenerator()
            let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
            return ChangeID.generate(unixMilliseconds: now, using: &generator)
        }
        http = try Self.server(api, settings, self.logger)
    }

    /// Serves until SIGTERM or SIGINT; `below` are services that everything here needs, and that end last.
    ///
    /// Services end in the reverse of this order: requests drain while everything still works.
    package func run(below: [any Service] = []) async throws {
        let services: [any Service] =
            below + [etcd, LedgerService(ledger: ledger, logger: logger), controlPlane, http]
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration =
            settings.drainTimeout + settings.writeDeadline + .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { try await announce() }
            try await tasks.waitForAll()
        }
    }

    private func announce() async throws {
        let addresses = try await http.boundAddresses
        logger.notice(
            "serving",
            metadata: [
                "version": .string(Version.number),
                "listen": .array(addresses.map { .string("http://\($0)") }),
                "etcd": .array(settings.etcd.endpoints.map { .string($0.description) }),
                "ledger": .string(ledger.path),
            ])
    }

    private static func server(
        _ api: API, _ settings: Settings, _ logger: Logger
    ) throws -> HTTPServer {
        var builder = RouterBuilder()
        builder.add(api.routes)
        var limits = HTTPServer.Limits()
        limits.bodyBytes = settings.maxBodyBytes
        limits.connections = settings.maxConnections
        limits.drainTimeout = settings.drainTimeout
        let requests = api.metrics.requests
        return HTTPServer(
            listen: settings.listen, router: try builder.build(), limits: limits, logger: logger,
            onRequest: { summary in
                requests.recordRequest(
                    route: summary.route, method: summary.method?.rawValue ?? "none",
                    status: summary.status, duration: summary.duration)
            })
    }

    private static func makeLogger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: Version.name) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
