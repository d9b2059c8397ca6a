import ControlPlane
import Domain
import Logging
import ServiceLifecycle
import Store

/// Moves audit rows that have reached their age into sealed segments, shortly after the start and then
/// every hour.
struct RetentionService: Service {
    private let ledger: AuditLedger
    private let retention: Duration?
    private let directory: String
    private let logger: Logger

    init(ledger: AuditLedger, settings: Settings, logger: Logger) {
        self.ledger = ledger
        retention = settings.auditRetention
        directory = settings.segmentDirectory
        self.logger = logger
    }

    func run() async throws {
        guard let retention else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            try? await Task.sleep(for: .seconds(10))
            while !Task.isCancelled {
                await prune(retention)
                try? await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    /// Everything that is due, a segment at a time, so that writes come in between.
    private func prune(_ retention: Duration) async {
        let now = SystemClock.now()
        let cutoff = Timestamp(
            microseconds: now.microseconds - retention.components.seconds * 1_000_000)
        do {
            while !Task.isCancelled, ledger.health.isAvailable,
                let pruned = try await ledger.prune(
                    before: cutoff, into: directory, now: SystemClock.now(),
                    version: Version.number)
            {
                logger.notice(
                    "audit rows moved to a segment",
                    metadata: [
                        "from": "\(pruned.rows.lowerBound)", "to": "\(pruned.rows.upperBound)",
                        "file": "\(pruned.path)",
                    ])
                await Task.yield()
            }
        } catch {
            logger.error("audit rows cannot be pruned", metadata: ["error": "\(error)"])
        }
    }
}
