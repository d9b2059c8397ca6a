import ArgumentParser
import Foundation
import HTTPCore
import ServiceLifecycle
import Store

/// The command line: `policy-server serve|dev|audit|token|etcd-role …`.
@main
struct PolicyServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.name,
        abstract: "The control plane of OpenStack regions that share one Calico etcd.",
        usage: "policy-server <serve | dev | audit | token | etcd-role> [options]",
        discussion:
            "Without a subcommand the program shows this help and exits with status 64.",
        version: Version.number,
        subcommands: [
            ServeCommand.self, DevCommand.self, AuditCommand.self, TokenCommand.self,
            EtcdRoleCommand.self,
        ])

    static func main() async {
        ProcessProtection.begin()
        await main(nil)
    }

    func run() async throws { throw MissingSubcommand.shown(Self.self) }
}

/// Handles a command line without a subcommand.
enum MissingSubcommand {
    /// Writes the help to standard error. Returns the exit status of a wrong command line, so that a script that
    /// forgets the subcommand does not appear to succeed.
    static func shown(_ command: any ParsableCommand.Type) -> ExitCode {
        let help = PolicyServerCommand.helpMessage(for: command)
        FileHandle.standardError.write(Data((help + "\n").utf8))
        return ExitCode.validationFailure
    }
}

/// Serves the API with an existing etcd.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API.")

    @OptionGroup var places: LocationFlags
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        try await StartFailure.reported {
            let settings = try Settings(await Settings.load(flags, places))
            LibraryMetrics.install()
            try await Application(settings).run()
        }
    }
}

/// An error that ends the program. The program prints it as one line on standard error, without a trace.
struct StartFailure: Error, CustomStringConvertible {
    let description: String
    /// The exit status: EX_CONFIG (78) for an error in a setting, 1 for any other error.
    var exitCode: Int32 = 1

    /// Runs `body`. If `body` throws, writes the error to standard error and throws the exit status.
    static func reported(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error {
            let failure = StartFailure(error)
            // The message is written through the queue of the log, so that it appears after the last log lines.
            LogOutput.standardError.write("\(Version.name): \(failure)\n")
            await LogOutput.standardError.flush(within: .seconds(1))
            throw ExitCode(failure.exitCode)
        }
    }

    init(_ description: String) { self.description = description }

    private init(_ error: any Error) {
        switch error {
        case let failure as StartFailure: self = failure
        case let failure as ListenerFailure: self.init("\(failure)")
        case let setting as SettingError:
            self.init(setting.message)
            exitCode = SettingError.exitCode
        case let store as StoreError: self.init(store.message)
        default: self.init("\(error)")
        }
    }
}

/// The name and the version of the program. `--version`, `/version` and openapi.yaml show the version.
package enum Version {
    package static let name = "policy-server"
    package static let number = "0.1.0"
}
