import ControlPlane
import Etcd
import Foundation
package import HTTPCore
import HTTPTypes
package import Logging
package import ServiceLifecycle
import Store
package import UnixSignals

/// The parts of the server, wired together.
package struct Application: Sendable {
    private let http: HTTPServer
    private let group: ServiceGroup
    private let settings: Settings
    private let logger: Logger

    /// Opens the ledger; throws when its file is unusable, or for a setting that etcd's client refuses.
    /// That etcd is away is no reason to fail: readiness says so.
    ///
    /// `below` are services that everything here needs, and that end last; `signals` end it gracefully.
    package init(
        _ settings: Settings, below: [any Service] = [],
        signals: [UnixSignal] = EndSignals.all(), logger: Logger? = nil
    ) throws {
        let logger = logger ?? Self.makeLogger(settings.logLevel)
        let etcd = try EtcdClient(settings.etcd.configuration(), logger: logger)
        // Before the ledger, so that a start that fails leaves none behind.
        let givenKey = try settings.auditKeyFile.map(Self.givenKey)
        let journalKeys = try settings.journalKeyFile.map(JournalKeyFile.read) ?? []
        let ledger = try AuditLedger(path: settings.ledgerPath)
        let controlPlane = ControlPlane(
            store: etcd, ledger: ledger, statuses: .http,
            configuration: ControlPlaneConfiguration(
                policyNames: settings.policyNames, writeDeadline: settings.writeDeadline,
                refusals: settings.attempts, journal: JournalAuthenticator(journalKeys)),
            logger: logger)
        let checkpoints = Checkpoints(
            ledger: ledger, store: etcd,
            key: try givenKey?.forLedger(ledger.identity)
                // Made when it is not there; the one that the settings name must be.
                ?? KeyFile.readOrCreate(settings.auditKeyPath, ledger: ledger.identity),
            retiredKeys: KeyFile.retired(beside: settings.dataDirectory + "/audit.key"),
            interval: settings.auditCheckpointInterval, logger: logger)
        let limits = Self.limits(settings, logger)
        let load = ServerLoad(limits)
        let api = API(
            controlPlane: controlPlane, ledger: ledger, checkpoints: checkpoints,
            metrics: Metrics(load: load), recordsReads: settings.auditReads,
            makeChangeID: Self.makeChangeID)
        let refusals = RefusalRecorder(
            controlPlane: controlPlane, recordsReads: settings.auditReads)
        http = try Self.server(api, settings, limits, load, refusals, logger)
        // They end in the reverse of this order: requests drain while everything still works.
        let services: [any Service] = [
            etcd, LedgerService(ledger: ledger, logger: logger), checkpoints, controlPlane,
            RetentionService(
                ledger: ledger, retention: settings.auditRetention,
                directory: settings.segmentDirectory, logger: logger),
            refusals,
        ]
        var configuration = ServiceGroupConfiguration(
            services: (below + services).map { .init(service: $0) } + [
                // What a listener that fails leaves behind is ended in good order.
                .init(
                    service: ListenService(http: http, addresses: settings.listen),
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ],
            gracefulShutdownSignals: signals, logger: logger)
        configuration.maximumGracefulShutdownDuration =
            settings.drainTimeout + settings.writeDeadline + .seconds(5)
        group = ServiceGroup(configuration: configuration)
        self.settings = settings
        self.logger = logger
    }

    /// Where it serves; waits until `run()` has bound the addresses, throws when it cannot.
    package var addresses: [ListenAddress] {
        get async throws { try await http.boundAddresses }
    }

    /// Serves until one of the signals or `shutDown()`.
    package func run() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask { await announce() }
                try await tasks.waitForAll()
            }
        } catch {
            await LogOutput.standardError.flush(within: .seconds(1))
            throw error
        }
        await LogOutput.standardError.flush(within: .seconds(1))
    }

    /// Begins a graceful shutdown, at whose end `run()` returns.
    package func shutDown() async { await group.triggerGracefulShutdown() }

    private func announce() async {
        // Why an address cannot be bound is what `run()` throws.
        guard let addresses = try? await http.boundAddresses else { return }
        logger.notice(
            "serving",
            metadata: [
                "version": .string(Version.number),
                "listen": .array(addresses.map { .string("http://\($0)") }),
                "etcd": .array(settings.etcd.endpoints.map { .string($0.description) }),
                "ledger": .string(settings.ledgerPath),
            ])
    }

    private static func limits(_ settings: Settings, _ logger: Logger) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.bodyBytes = settings.maxBodyBytes
        limits.bodyMemory = settings.maxBodyMemory
        limits.answerMemory = settings.maxAnswerMemory
        limits.connections = DescriptorLimit.prepare(
            connections: settings.maxConnections, logger)
        limits.drainTimeout = settings.drainTimeout
        return limits
    }

    private static func server(
        _ api: API, _ settings: Settings, _ limits: HTTPServer.Limits, _ load: ServerLoad,
        _ refusals: RefusalRecorder, _ logger: Logger
    ) throws -> HTTPServer {
        var builder = RouterBuilder()
        builder.add(api.routes)
        let requests = api.metrics.requests
        return HTTPServer(
            listen: settings.listen, router: try builder.build(), limits: limits,
            door: RequestDoor(hosts: settings.allowedHosts, origins: settings.allowedOrigins),
            load: load, logger: logger,
            onRequest: { summary in
                requests.recordRequest(
                    route: summary.route, method: summary.method?.rawValue ?? "none",
                    status: summary.status, duration: summary.duration)
                refusals.note(summary)
            })
    }

    /// None is made where the settings name one: a slip in the path would be a new key.
    private static func givenKey(_ path: String) throws -> SigningKey {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StartFailure(
                "--audit-key \(path): there is no such file. Start the server once without "
                    + "--audit-key, and move audit.key from its data folder there.")
        }
        return try KeyFile.read(path)
    }

    private static func makeChangeID() -> ChangeID {
        var generator = SystemRandomNumberGenerator()
        let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        return ChangeID.generate(unixMilliseconds: now, using: &generator)
    }

    private static func makeLogger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: Version.name) {
            StreamLogHandler(label: $0, stream: LogOutput.standardError, metadataProvider: nil)
        }
        logger.logLevel = level
        return logger
    }
}
