import ArgumentParser
import ControlPlane

/// Prints the commands that create this server's user and role in etcd.
struct EtcdRoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "etcd-role",
        abstract: "Print etcdctl commands that create the server's user in etcd.",
        discussion: """
            The user's role may read and write what the server reads and writes, and nothing else. The command \
            itself does not connect to etcd. Run its output as an administrator of etcd:

              policy-server etcd-role | sh -e

            etcdctl takes its addresses and credentials from variables such as ETCDCTL_ENDPOINTS and ETCDCTL_USER. \
            After an upgrade of the server, run the lines with grant-permission again.
            """)

    @Option(help: "Name of the user.") var user = "policy-server"
    @Option(help: "Name of the role.") var role = "policy-server"
    @Option(
        help: ArgumentHelp(
            "File with the user's password, which etcdctl will read (default: etcd-password).",
            valueName: "file"))
    var passwordFile: String?
    @Flag(help: "The user has no password: its name is the common name of a client certificate.")
    var certificate = false

    func validate() throws {
        for (option, name) in [("--user", user), ("--role", role)] {
            // A name of this form needs no quotes in a shell. It also has no colon, which etcdctl would read as the
            // start of a password.
            guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]*/) != nil else {
                throw ValidationError(
                    "\(option) must consist of letters, digits, '.', '_' and '-', and must not "
                        + "begin with '.' or '-'.")
            }
        }
        guard !certificate || passwordFile == nil else {
            throw ValidationError(
                "A user with --certificate has no password: leave out --password-file.")
        }
    }

    func run() { print(script) }

    /// The commands as a script for a POSIX shell.
    var script: String {
        let grants = EtcdPermission.all.map { permission in
            let words = "etcdctl role grant-permission \(role) \(permission.access.rawValue)"
            return switch permission.keys {
            case .key(let key): "\(words) \(key)"
            case .prefix(let prefix): "\(words) --prefix=true \(prefix)"
            }
        }
        // etcdctl reads the password from a file, because all users of the machine can see the arguments of a process.
        let credential =
            certificate
            ? "--no-password"
            : "--interactive=false <\(Self.quoted(passwordFile ?? "etcd-password"))"
        let lines =
            ["export ETCDCTL_API=3", "etcdctl role add \(role)"] + grants + [
                "etcdctl user add \(user) \(credential)",
                "etcdctl user grant-role \(user) \(role)",
            ]
        return lines.joined(separator: "\n")
    }

    /// Returns `text` quoted as one word for a POSIX shell.
    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
