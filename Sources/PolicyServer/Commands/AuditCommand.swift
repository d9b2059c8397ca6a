package import ArgumentParser
import ControlPlane
import Foundation
import Store

/// The command `policy-server audit …`. Works on the audit ledger's file and on its segments.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check, export, import, back up and compare audit ledgers.",
        subcommands: [
            VerifyCommand.self, RotateKeyCommand.self, AuditExportCommand.self,
            AuditImportCommand.self, AuditBackupCommand.self, AuditCompareCommand.self,
        ])

    func run() async throws { throw MissingSubcommand.shown(Self.self) }
}

/// The command `policy-server audit rotate-key`.
package struct RotateKeyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Replace the signing key with a new one.",
        discussion: """
            The old private key is deleted; its signatures still verify. A running server reads the new key \
            within ten seconds, records the change in the ledger, and signs with the new key from then on.
            """)

    @Option(help: "The server's data folder.")
    var dataDir: String
    @Option(help: "File of the key, if it is not audit.key in the data folder.")
    var auditKey: String?

    package init() {}

    package func run() async throws {
        try await StartFailure.reported {
            let path = auditKey ?? dataDir + "/audit.key"
            let old = try KeyFile.read(path).verifier
            let ledger = try await LedgerVerifier(path: dataDir + "/audit.sqlite").identity()
            let new = SigningKey(name: Checkpoint.origin(ledger: ledger))
            try KeyFile.replace(path, with: new)
            print(
                "old \(old)\nnew \(new.verifier)\n"
                    + "A running server signs with the new key within ten seconds.")
        }
    }
}

/// Writes rows of a ledger as a segment. The server may be running.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write rows of a ledger as a segment, one JSON object per line.",
        discussion:
            "Every row has all its columns and its hash, so that the chain can be recomputed. "
            + "The server may be running.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Option(help: ArgumentHelp("Number of the first row (default: the oldest).")) var from: Int64?
    @Option(help: ArgumentHelp("Number of the last row (default: the newest).")) var to: Int64?
    @Option(
        help: ArgumentHelp(
            "File to write, compressed if its name ends in .gz (default: standard output).",
            valueName: "file"))
    var out: String?

    func validate() throws {
        guard (from ?? 1) >= 1, (to ?? 1) >= 1 else {
            throw ValidationError("--from and --to are numbers of rows, from 1.")
        }
        guard let from, let to, to < from else { return }
        throw ValidationError("--to must not be less than --from.")
    }

    func run() async throws {
        try await StartFailure.reported {
            let header = try LedgerReader(path: db).export(
                from: from, to: to, path: out, now: SystemClock.now(), version: Version.number)
            guard let out else { return }
            let count = header.lastSeq - header.firstSeq + 1
            print("\(out): \(count) rows, \(header.firstSeq) to \(header.lastSeq)")
        }
    }
}

/// Copies missing rows into a ledger from segments of another replica. The server must be stopped.
struct AuditImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Copy missing rows into a ledger from segments of another replica.",
        discussion:
            "A whole segment is verified before any row is written. Importing it again adds "
            + "nothing. The ledger's server must be stopped.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Flag(help: "Also copy the other replica's rows about refusals, reads and holds.") var all =
        false
    @Argument(help: ArgumentHelp("Files written by audit export or by retention.")) var segments:
        [String]

    func run() async throws {
        try await StartFailure.reported {
            // The reader throws if the file is not a ledger. This check comes first, because `open()` creates a lock
            // file beside the file.
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
            return try AuditLedger(path: db, options: .ofObjects)
        } catch {
            guard error.code == .locked else { throw error }
            throw StartFailure("\(error.message) Stop its server before you import.")
        }
    }
}

/// Copies a ledger. The server may be running.
struct AuditBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a ledger to a new file, check the copy and sync it to disk.",
        discussion: "The copy shows the ledger at one moment. The server may be running.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Option(help: ArgumentHelp("The new file; must not exist.", valueName: "file")) var to: String

    func run() async throws {
        try await StartFailure.reported {
            let last = try LedgerReader(path: db).backup(to: to)
            print("\(to): checked copy, up to row \(last)")
        }
    }
}
