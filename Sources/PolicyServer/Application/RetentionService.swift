import ControlPlane
import Domain
package import Logging
import ServiceLifecycle
package import Store

/// Moves expired audit rows into sealed segments, first shortly after the start and then every hour.
package struct RetentionService: Service {
    private let ledger: AuditLedger
    private let retention: Duration?
    private let directory: String
    private let startDelay: Duration
    /// The length of the pause after each segment, as a multiple of the time that pruning the segment took. With 4,
    /// pruning keeps the ledger's writer busy for at most a fifth of the time.
    private static let pauses = 4
    private let logger: Logger

    /// - Parameter retention: The age at which rows expire, in whole seconds; nil if rows never expire.
    package init(
        ledger: AuditLedger, retention: Duration?, directory: String,
        startDelay: Duration = .seconds(10), logger: Logger
    ) {
        self.ledger = ledger
        self.retention = retention
        self.directory = directory
        self.startDelay = startDelay
        self.logger = logger
    }

    package func run() async throws {
        guard let retention else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            try? await Task.sleep(for: startDelay)
            while !Task.isCancelled {
                await prune(retention)
                try? await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    /// Prunes all expired rows, one segment at a time. Pauses after each segment, so that other writes to the ledger
    /// are not delayed for long.
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
                try? await Task.sleep(for: pruned.held * Self.pauses)
            }
        } catch {
            logger.error("audit rows cannot be pruned", metadata: ["error": "\(error)"])
        }
    }
}
