import ArgumentParser

/// Works on the audit ledger's file and on segments of it.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Export, import, back up and compare audit ledgers.",
        subcommands: [
            AuditExportCommand.self, AuditImportCommand.self, AuditBackupCommand.self,
            AuditCompareCommand.self,
        ])
}
