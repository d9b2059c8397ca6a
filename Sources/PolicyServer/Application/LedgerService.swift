import ControlPlane
import Domain
package import Logging
import ServiceLifecycle
package import Store

/// Keeps the ledger open until everything above it has ended, and has a large file checked meanwhile.
struct LedgerService: Service {
    let ledger: AuditLedger
    let logger: Logger

    func run() async throws {
        // A task that nobody waits for: it may take minutes, which an end must not.
        Task { [ledger, logger] in
            guard let damage = await ledger.inspect() else { return }
            logger.critical("the ledger is damaged", metadata: ["error": "\(damage)"])
        }
        // A cancelled wait is an end like any other: the ledger is closed either way.
        try? await gracefulShutdown()
        do {
            // A task of its own, since the ledger writes what it still holds even when this one is cancelled.
            try await Task { [ledger] in try await ledger.close() }.value
        } catch {
            logger.error("the ledger did not close", metadata: ["error": "\(error)"])
        }
    }
}

/// Moves audit rows that have reached their age into sealed segments, shortly after the start and then
/// every hour.
package struct RetentionService: Service {
    private let ledger: AuditLedger
    private let retention: Duration?
    private let directory: String
    private let startDelay: Duration
    /// How many times longer than the pruning of a segment the pause after it is.
    private static let pauses = 4
    private let logger: Logger

    /// - Parameter retention: How old rows get, in whole seconds; nil for ever.
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

    /// Everything that is due, a segment at a time, with pauses so that writes wait for little of the time.
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
