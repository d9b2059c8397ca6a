import Logging
import ServiceLifecycle
import Store

/// Keeps the ledger open until everything above it has ended.
struct LedgerService: Service {
    let ledger: AuditLedger
    let logger: Logger

    func run() async throws {
        // A cancelled wait is an end like any other: the ledger is closed either way.
        try? await gracefulShutdown()
        do {
            try await ledger.close()
        } catch {
            logger.error("the ledger did not close", metadata: ["error": "\(error)"])
        }
    }
}
