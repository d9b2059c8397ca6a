import ArgumentParser

/// Works on the audit ledger's file and on segments of it: `policy-server audit …`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check, export, import, back up and compare audit ledgers.",
        subcommands: [
            VerifyCommand.self, RotateKeyCommand.self, AuditExportCommand.self,
            AuditImportCommand.self, AuditBackupCommand.self, AuditCompareCommand.self,
        ])

    func run() async throws { throw MissingSubcommand.shown(Self.self) }
}
