import ArgumentParser
import ControlPlane
import Store

/// Takes the rows that a ledger lacks from another replica's segments; the server must be stopped.
struct AuditImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the rows that a ledger lacks from segments of another replica.",
        discussion: "A segment is verified whole before anything of it is written; importing it "
            + "again adds nothing. The server of the ledger must be stopped.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Flag(help: "Take the other replica's own rows, of refusals and the like, as well.") var all =
        false
    @Argument(help: ArgumentHelp("Files that audit export or retention wrote.")) var segments:
        [String]

    func run() async throws {
        try await StartFailure.reported {
            // Before a lock is made beside what may not be a ledger at all.
            _ = try LedgerReader(path: db)
            let ledger = try open()
            for segment in segments {
                let summary = try await ledger.importSegment(
                    segment, all: all, now: SystemClock.now())
                let revisions =
                    summary.revisions.map { " of revisions \($0.lowerBound) to \($0.upperBound)" }
                print("\(segment): \(summary.rows) rows imported\(revisions ?? "")")
            }
            try await ledger.close()
        }
    }

    private func open() throws -> AuditLedger {
        do {
            return try AuditLedger(path: db)
        } catch {
            guard error.code == .locked else { throw error }
            throw StartFailure("\(error.message) To import, its server must be stopped.")
        }
    }
}
