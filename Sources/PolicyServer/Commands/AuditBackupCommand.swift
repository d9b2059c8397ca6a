import ArgumentParser
import Store

/// Copies a ledger; the server may run.
struct AuditBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy a ledger to a new file, checked and on disk.",
        discussion: "The copy is of one moment. The server may be running.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Option(help: ArgumentHelp("The new file; must not exist.", valueName: "file")) var to: String

    func run() async throws {
        try await StartFailure.reported {
            let last = try LedgerReader(path: db).backup(to: to)
            print("\(to): a sound copy, up to row \(last)")
        }
    }
}
