import ControlPlane
import Etcd
import Foundation
package import HTTPCore
import HTTPTypes
package import Logging
package import ServiceLifecycle
package import Store
package import UnixSignals

/// The server. It creates its parts and connects them.
package struct Application: Sendable {
    private let http: HTTPServer
    private let group: ServiceGroup
    private let settings: Settings
    private let logger: Logger

    /// Opens the ledger and creates all parts. Throws if the ledger's file is unusable or if the etcd client refuses a
    /// setting. Does not throw if etcd is unreachable; `/readyz` reports an unreachable etcd.
    ///
    /// - Parameters:
    ///   - access: The rules that decide who may use which route; nil to use the rules of the settings.
    ///   - below: Services that all other services need. They are stopped last.
    ///   - signals: The signals that end the server gracefully; nil to use `EndSignals`.
    package init(
        _ settings: Settings, access: Access? = nil, below: [any Service] = [],
        signals: [UnixSignal]? = nil, logger: Logger? = nil
    ) throws {
        let logger = logger ?? Self.makeLogger(settings.logLevel)
        let etcd = try EtcdClient(settings.etcd.configuration(), logger: logger)
        // The keys are read before the ledger is opened, so that a start with unusable keys creates no ledger.
        try settings.auditKeyFile.map(Self.checkGivenKey)
        let tls = try settings.tls?.credentials(logger)
        let journalKeys = try settings.journalKeyFile.map(JournalKeyFile.file)
        let identity = try AuthenticatorFactory(
            settings.access, logger: logger, now: SystemClock.now)
        try PrivateFile.checkFolder(settings.segmentDirectory)
        let ledger = try AuditLedger(path: settings.ledgerPath, options: .ofObjects)
        let controlPlane = ControlPlane(
            store: etcd, ledger: ledger, statuses: .http,
            configuration: ControlPlaneConfiguration(
                policyNames: settings.policyNames, writeDeadline: settings.writeDeadline,
                twoPersons: settings.twoPersons, refusals: settings.refusals,
                journal: journalKeys.map { file in JournalAuthenticator(reading: { file.value }) }
                    ?? JournalAuthenticator()),
            logger: logger)
        let signingKey = try SigningKeyFile.file(settings, ledger: ledger.identity)
        let checkpoints = Checkpoints(
            ledger: ledger, store: etcd, key: signingKey.value,
            currentKey: { signingKey.value },
            retiredKeys: KeyFile.retired(beside: settings.dataDirectory + "/audit.key"),
            interval: settings.auditCheckpointInterval, logger: logger)
        let limits = Self.limits(settings, logger)
        let load = ServerLoad(limits)
        let access =
            access
            ?? Access(identity.authenticators, quotas: Quotas(settings, load))
        var secrets: [any Reloadable] = [signingKey]
        if let journalKeys { secrets.append(journalKeys) }
        if let etcdFiles = EtcdFiles(settings.etcd, etcd) { secrets.append(etcdFiles) }
        let files = FileWatcher(
            identity.files + (tls.map { [$0] } ?? []) + secrets, logger: logger)
        let api = API(
            controlPlane: controlPlane, ledger: ledger, checkpoints: checkpoints,
            metrics: Metrics(load: load, tls: tls, proxies: settings.proxies.proxies),
            access: access, files: identity.files, secrets: secrets,
            recordsReads: settings.auditReads,
            makeChangeID: Self.makeChangeID)
        let refusals = RefusalRecorder(
            controlPlane: controlPlane, recordsReads: settings.auditReads, access: access)
        http = try Self.server(api, settings, tls, limits, load, refusals, logger)
        // Services are stopped in reverse order. The HTTP server is therefore stopped first, and its last requests can
        // still use all other services.
        var services: [any Service] =
            [
                etcd, LedgerService(ledger: ledger, logger: logger), checkpoints, controlPlane,
                RetentionService(
                    ledger: ledger, retention: settings.auditRetention,
                    directory: settings.segmentDirectory, logger: logger),
                refusals, files, MemoryTrimmer(),
            ] + identity.services
        // `files` always contains the file of the signing key: the file in the settings, or else `audit.key` in the
        // data folder. SIGHUP reloads the files if `files` contains a file other than `audit.key`. Otherwise SIGHUP
        // ends the server.
        let hasFiles = files.count > (settings.auditKeyFile == nil ? 1 : 0)
        let reloads = signals == nil && hasFiles
        if reloads, !EndSignals.isHangUpIgnored { services.append(ReloadSignal(files: files)) }
        var configuration = ServiceGroupConfiguration(
            services: (below + services).map { .init(service: $0) } + [
                // If a listener fails, all services are stopped gracefully.
                .init(
                    service: ListenService(http: http, addresses: settings.listen),
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ],
            gracefulShutdownSignals: signals ?? EndSignals.all(reloading: reloads), logger: logger)
        // A write that is still active when the drain ends may continue until its own deadline. Five seconds are added
        // as a margin.
        configuration.maximumGracefulShutdownDuration =
            settings.drainTimeout + settings.writeDeadline + .seconds(5)
        group = ServiceGroup(configuration: configuration)
        self.settings = settings
        self.logger = logger
    }

    /// The bound addresses. The getter waits until `run()` has bound them, and throws if `run()` cannot bind them.
    package var addresses: [ListenAddress] {
        get async throws { try await http.boundAddresses }
    }

    /// Serves until a signal ends the server or `shutDown()` is called.
    package func run() async throws {
        do {
            // `announce` runs in its own task, because it waits for the addresses that the services bind while they
            // run.
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

    /// Begins a graceful shutdown. `run()` returns after the shutdown is complete.
    package func shutDown() async { await group.triggerGracefulShutdown() }

    private func announce() async {
        // If an address cannot be bound, this function does nothing, because `run()` throws the reason.
        guard let addresses = try? await http.boundAddresses else { return }
        logger.notice(
            "serving",
            metadata: [
                "version": .string(Version.number),
                "listen": .array(addresses.map { .string($0.url) }),
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
        _ api: API, _ settings: Settings, _ tls: TLSCredentials?, _ limits: HTTPServer.Limits,
        _ load: ServerLoad, _ refusals: RefusalRecorder, _ logger: Logger
    ) throws -> HTTPServer {
        var builder = RouterBuilder()
        builder.add(api.routes)
        let requests = api.metrics.requests
        return HTTPServer(
            listen: settings.listen, tls: tls, router: try builder.build(), limits: limits,
            siteGuard: CrossSiteGuard(
                hosts: settings.allowedHosts, origins: settings.allowedOrigins),
            transportSecurity: settings.hstsMaxAge == 0 ? nil : "max-age=\(settings.hstsMaxAge)",
            proxies: api.metrics.proxies, load: load, logger: logger,
            onRequest: { summary in
                requests.recordRequest(
                    route: summary.route, method: summary.method?.rawValue ?? "none",
                    status: summary.status, duration: summary.duration)
                refusals.note(summary)
            })
    }

    /// Throws if the key file given in the settings does not exist or cannot be used. The server does not create the
    /// missing file, because its path may be mistyped.
    private static func checkGivenKey(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StartFailure(
                "--audit-key \(path): there is no such file. Start the server once without "
                    + "--audit-key, then move audit.key from its data folder to this path.")
        }
        _ = try KeyFile.read(path)
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

/// Keeps the ledger open until all services that use it have ended. Checks the file for damage in the background.
package struct LedgerService: Service {
    private let ledger: AuditLedger
    private let logger: Logger

    package init(ledger: AuditLedger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
    }

    package func run() async throws {
        // The check runs in an unstructured task, because it may take minutes and must not delay a shutdown.
        Task { [ledger, logger] in
            guard let damage = await ledger.inspect() else { return }
            logger.critical("the ledger is damaged", metadata: ["error": "\(damage)"])
        }
        // This line waits for a graceful shutdown or a cancellation. The ledger is closed after either of them.
        try? await gracefulShutdown()
        do {
            // The ledger is closed in an unstructured task, which is not cancelled together with this one. The ledger
            // can therefore still write its queued rows.
            try await Task { [ledger] in try await ledger.close() }.value
        } catch {
            logger.error("the ledger did not close", metadata: ["error": "\(error)"])
        }
    }
}

/// Runs the HTTP server. Error messages about listening contain the addresses.
struct ListenService: Service {
    let http: HTTPServer
    let addresses: [ListenAddress]

    func run() async throws {
        do {
            try await http.run()
        } catch let error as ListenError {
            throw StartFailure("\(error). Choose another address with --listen.")
        } catch let error as ListenerFailure {
            throw error
        } catch {
            let list = addresses.map(\.description).joined(separator: ", ")
            throw StartFailure("cannot listen on \(list): \(error)")
        }
    }
}

/// The signals that end the program gracefully.
package enum EndSignals {
    /// Returns SIGTERM, SIGINT and SIGHUP. SIGHUP is included because a terminal sends it when the terminal is closed,
    /// and its default action would end the process at once.
    ///
    /// SIGHUP is left out if the process ignores it. It is also left out with `reloading`, because SIGHUP then reloads
    /// files.
    package static func all(reloading: Bool = false) -> [UnixSignal] {
        reloading || isHangUpIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }

    /// True if the process has ignored SIGHUP from its start, as under `nohup`. The server then continues to ignore it.
    /// The value is read only once, because a handler that this program installs later would hide it.
    package static let isHangUpIgnored: Bool = {
        let before = signal(SIGHUP, SIG_IGN)
        signal(SIGHUP, before)
        return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }()
}
