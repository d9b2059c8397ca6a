import ArgumentParser

/// The command line: `policy-server [serve|dev|audit] …`.
@main
struct PolicyServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.name,
        abstract: "The control plane of OpenStack regions that share one Calico etcd.",
        version: Version.number,
        subcommands: [ServeCommand.self, DevCommand.self, AuditCommand.self],
        defaultSubcommand: ServeCommand.self)
}
