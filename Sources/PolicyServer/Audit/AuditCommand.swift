import ArgumentParser

/// Work on the audit ledger's file: `policy-server audit …`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check and care for the audit ledger.",
        subcommands: [VerifyCommand.self, RotateKeyCommand.self])
}
