import Logging
import ServiceLifecycle
import Store

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
