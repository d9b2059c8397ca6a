import ArgumentParser
import Foundation

/// The command line: `policy-server serve|dev|audit …`.
@main
struct PolicyServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.name,
        abstract: "The control plane of OpenStack regions that share one Calico etcd.",
        usage: "policy-server <serve | dev | audit> [options]",
        discussion:
            "Without a subcommand nothing is started: this help is shown, with exit status 64.",
        version: Version.number,
        subcommands: [ServeCommand.self, DevCommand.self, AuditCommand.self])

    func run() async throws { throw MissingSubcommand.shown(Self.self) }
}

/// A command line that names no subcommand.
enum MissingSubcommand {
    /// Shows the help on standard error; returns the exit status of a wrong command line, so that a script or a
    /// service without a subcommand does not look as if it had worked.
    static func shown(_ command: any ParsableCommand.Type) -> ExitCode {
        let help = PolicyServerCommand.helpMessage(for: command)
        FileHandle.standardError.write(Data((help + "\n").utf8))
        return ExitCode.validationFailure
    }
}
