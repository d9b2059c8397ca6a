package import ArgumentParser
import ControlPlane
package import Domain
import Foundation

/// The command `policy-server token …`. Works on the file that `--token-file` names. Running servers read a changed
/// file within two seconds.
package struct TokenCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Create, list, revoke and rotate bearer tokens.",
        discussion:
            "Servers that use the file read it again within two seconds. The file holds salted hashes, "
            + "so a lost token cannot be shown again.",
        subcommands: [
            TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self,
            TokenRotateCommand.self,
        ])

    package init() {}

    package func run() async throws { throw MissingSubcommand.shown(Self.self) }
}

/// The option that names the token file.
struct TokenFileOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The token file (default: the value of \(Setting.tokenFile.variable)).",
            valueName: "file"))
    var file: String?

    var path: String {
        get throws {
            if let path = file ?? ProcessInfo.processInfo.environment[Setting.tokenFile.variable],
                !path.isEmpty
            {
                return path
            }
            throw StartFailure("no token file: name it with --file")
        }
    }
}

/// Creates a token. Prints the token, and nothing else, to standard output.
struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a token, and print it once.",
        discussion: "The file is created if absent.")

    @OptionGroup var location: TokenFileOption
    @Option(help: "The name of the principal in the ledger, such as ci@example.org.")
    var principal: String
    @Option(
        help: ArgumentHelp(
            "A role; repeatable. A role can have its own limits: editor@east,west or editor@east:Subnet.",
            valueName: "role"))
    var role: [String]
    @Option(
        help: ArgumentHelp(
            "Regions, separated by commas, for the roles that have no regions of their own (default: all).",
            valueName: "regions"))
    var regions: String?
    @Option(
        help: ArgumentHelp(
            "Kinds, separated by commas, for the roles that have no kinds of their own (default: all).",
            valueName: "kinds"))
    var kinds: String?
    @Option(
        help: ArgumentHelp(
            "Time for which the token is valid, such as 12h, 90d or 52w, or never.",
            valueName: "time"))
    var expires: Lifetime = .standard

    func run() async throws {
        try await StartFailure.reported {
            let path = try location.path
            guard Principal.isName(principal) else {
                throw StartFailure(
                    "--principal must be \(Principal.form), and not a reserved name")
            }
            let grants = try grants()
            let now = SystemClock.now()
            let (text, stored) = try TokenFile.update(path, makes: true) { tokens in
                let token = BearerToken()
                let stored = StoredToken(
                    token, principal: principal, grants: grants, created: now,
                    expires: expires.end(after: now))
                tokens.append(stored)
                return (token.secretText, stored)
            }
            TokenOutput.show(text, stored)
        }
    }

    private func grants() throws -> [Grant] {
        try role.map { text in
            do {
                var grant = try Grant(commandLine: text)
                if let regions, grant.regions == .all { grant.regions = try Grant.regions(regions) }
                if let kinds, grant.kinds == nil { grant.kinds = try Grant.kinds(kinds) }
                return grant
            } catch {
                throw StartFailure("--role \(text): \(error)")
            }
        }
    }
}

/// Lists the tokens. Does not show their hashes.
struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens of the file.")

    @OptionGroup var location: TokenFileOption

    func run() async throws {
        try await StartFailure.reported {
            let path = try location.path
            let now = SystemClock.now()
            let tokens: [StoredToken]
            do {
                tokens = try TokenFile.parse(TokenFile.bytes(path))
            } catch let error as TokenFileError {
                throw StartFailure("\(TokenFile.subject) \(path): \(error)")
            }
            print("ID            CREATED               EXPIRES               PRINCIPAL  ROLES")
            for token in tokens {
                print(TokenOutput.line(token, now: now))
            }
        }
    }
}

/// Removes a token.
struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Remove a token. Servers refuse it within two seconds.")

    @OptionGroup var location: TokenFileOption
    @Argument(help: "The id of the token, as `token list` shows it.") var id: String

    func run() async throws {
        try await StartFailure.reported {
            let path = try location.path
            let token = try TokenFile.update(path) { tokens in
                tokens.remove(at: try tokens.index(of: id))
            }
            print("revoked \(token.id) of \(token.principal)")
        }
    }
}

/// Creates a successor of a token. The old token stays valid for a grace period.
struct TokenRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Create a successor of a token, and print it once.",
        discussion:
            "The new token has the principal and the grants of the old one, and is valid for as long as "
            + "the old one was meant to be. The old token expires after the time that --grace gives."
    )

    @OptionGroup var location: TokenFileOption
    @Argument(help: "The id of the old token, as `token list` shows it.") var id: String
    @Option(
        help: ArgumentHelp(
            "Time for which the old token stays valid, such as 0s, 10m or 1h.", valueName: "time"))
    var grace: Lifetime = .grace

    func run() async throws {
        try await StartFailure.reported {
            let path = try location.path
            let now = SystemClock.now()
            guard let end = grace.end(after: now) else {
                throw StartFailure("--grace must be a time such as 10m or 1h")
            }
            let (token, stored) = try TokenFile.update(path) { tokens in
                try tokens.rotate(id, end: end, now: now)
            }
            TokenOutput.show(token.secretText, stored)
            FileHandle.standardError.write(
                Data("The old token \(id) is valid until \(end.rfc3339Seconds) at most.\n".utf8))
        }
    }
}

/// The output of the commands on tokens.
private enum TokenOutput {
    /// Prints the token to standard output, and its properties to standard error.
    static func show(_ text: String, _ token: StoredToken) {
        print(text)
        let end = token.expires.map { "until \($0.rfc3339Seconds)" } ?? "until it is revoked"
        FileHandle.standardError.write(
            Data("Created token \(token.id) for \(token.principal), valid \(end).\n".utf8))
    }

    static func line(_ token: StoredToken, now: Timestamp) -> String {
        let end = token.expires.map(\.rfc3339Seconds) ?? "never               "
        let roles = token.grants.map(\.commandLine).joined(separator: " ")
        let state = token.isValid(at: now) ? "" : "  (expired)"
        return
            "\(token.id)  \(token.created.rfc3339Seconds)  \(end)  \(token.principal)  \(roles)\(state)"
    }
}

/// The time for which a credential is valid. Its text is a whole number with one of the units s, m, h, d and w, or
/// `never`.
package struct Lifetime: ExpressibleByArgument, Equatable, CustomStringConvertible {
    /// The number of seconds; nil if the credential never expires.
    let seconds: Int64?
    package let description: String

    static let standard = Lifetime(seconds: 90 * 86_400, description: "90d")
    static let grace = Lifetime(seconds: 3_600, description: "1h")

    private init(seconds: Int64?, description: String) {
        self.seconds = seconds
        self.description = description
    }

    package init?(argument: String) {
        if argument == "never" {
            self.init(seconds: nil, description: argument)
            return
        }
        let units: [Substring: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        guard let unit = units[argument.suffix(1)], let count = UInt32(argument.dropLast()),
            argument.utf8.first != UInt8(ascii: "+"),
            Int64(count) * unit <= Self.longest
        else { return nil }
        self.init(seconds: Int64(count) * unit, description: argument)
    }

    /// Ten years of 366 days, in seconds.
    private static let longest: Int64 = 10 * 366 * 86_400

    /// Returns the expiry of a credential that is valid from `start`, rounded down to whole seconds; nil if the
    /// credential never expires.
    package func end(after start: Timestamp) -> Timestamp? {
        seconds.map { seconds in
            Timestamp(microseconds: (start.microseconds / 1_000_000 + seconds) * 1_000_000)
        }
    }
}
