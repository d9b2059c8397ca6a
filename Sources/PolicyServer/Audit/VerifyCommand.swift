import ArgumentParser
import ControlPlane
import Etcd
import Foundation
import Logging
import Store

/// `policy-server audit verify`: exit 0 when the ledger is what was written, 1 when it is not, 2 when that
/// could not be found out.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a ledger's file against tampering.",
        discussion: """
            Reads the file only, in use by a server or as a copy, and checks every row's hash, the chain, the \
            Merkle tree, the stored checkpoints and their signatures. What the file itself cannot show, rows \
            cut off or a ledger rewritten as a whole, is found with --etcd, --checkpoint and --key.

            Exit status: 0 when all is in order, 1 when not (the first bad place is named first), 2 when the \
            file, etcd or a given file cannot be read.
            """)

    @Option(help: "The ledger's file.")
    var db: String
    @Option(help: "URL of an etcd endpoint that holds the ledger's anchor; repeatable.")
    var etcd: [String] = []
    @Option(help: "User name for etcd's own authentication.")
    var etcdUser: String?
    @Option(help: "File whose first line is that user's password.")
    var etcdPasswordFile: String?
    @Option(help: "PEM file of the authorities that sign etcd's certificate.")
    var etcdCA: String?
    @Option(help: "PEM file of the client certificate for etcd.")
    var etcdCert: String?
    @Option(help: "PEM file of that certificate's private key.")
    var etcdKey: String?
    @Option(help: "File with a signed checkpoint that was kept elsewhere; repeatable.")
    var checkpoint: [String] = []
    @Option(
        help: "File with the verifier key that is in use (name+id+base64), kept elsewhere.")
    var key: String?

    func run() async throws {
        let report: LedgerReport
        let isAnchored: Bool
        do {
            (report, isAnchored) = try await verify()
        } catch {
            Self.printError("\(Version.name): cannot verify \(db): \(error)")
            throw ExitCode(2)
        }
        guard report.findings.isEmpty else {
            report.findings.prefix(Self.maximumFindings).forEach { print("BAD \($0)") }
            let rest = report.findings.count - Self.maximumFindings
            if rest > 0 { print("and \(rest) more") }
            throw ExitCode(1)
        }
        guard isAnchored else {
            Self.printError(
                "\(Version.name): \(db) is in order by itself, but etcd holds no checkpoint of "
                    + "ledger \(report.ledger) to hold it against")
            throw ExitCode(2)
        }
        print(report.summary)
    }

    /// The first bad place, and some more to judge by.
    private static let maximumFindings = 20

    /// The second value is false when etcd was to be asked and holds no anchor.
    private func verify() async throws -> (LedgerReport, isAnchored: Bool) {
        let key = try self.key.map(Self.verifierKey)
        var outside = try checkpoint.map(Self.outsideCheckpoint)
        var isAnchored = true
        if !etcd.isEmpty {
            let ledger = try await LedgerVerifier(path: db).identity()
            let (anchor, evidence) = try await anchors(of: ledger)
            outside += [anchor].compactMap(\.self) + evidence
            isAnchored = anchor != nil
        }
        let verifier = LedgerVerifier(path: db, key: key ?? keyBeside(), outside: outside)
        return (try await verifier.verify(), isAnchored)
    }

    /// The key in use as the data folder shows it, when it is there for this user to read.
    private func keyBeside() -> VerifierKey? {
        let folder = URL(fileURLWithPath: db).deletingLastPathComponent()
        return try? KeyFile.read(folder.appendingPathComponent("audit.key").path).verifier
    }

    private func anchors(
        of ledger: String
    ) async throws -> (anchor: OutsideCheckpoint?, evidence: [OutsideCheckpoint]) {
        let client = try EtcdClient(
            try etcdSettings().configuration(),
            logger: Logger(label: Version.name) { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            defer { group.cancelAll() }
            return try await LedgerAnchors.read(from: client, ledger: ledger)
        }
    }

    private func etcdSettings() throws -> EtcdSettings {
        var flags: [Setting: [String]] = [.etcd: etcd]
        let optional: [(Setting, String?)] = [
            (.etcdUser, etcdUser), (.etcdPasswordFile, etcdPasswordFile), (.etcdCA, etcdCA),
            (.etcdCert, etcdCert), (.etcdKey, etcdKey),
        ]
        for (setting, text) in optional { flags[setting] = text.map { [$0] } }
        return try EtcdSettings(
            SettingReader(values: SettingValues(flags: flags, environment: [:])))
    }

    private static func outsideCheckpoint(_ path: String) throws -> OutsideCheckpoint {
        guard let signed = SignedCheckpoint(try text(path)) else {
            throw StartFailure("\(path) is no signed checkpoint")
        }
        return OutsideCheckpoint(source: path, signed: signed)
    }

    private static func verifierKey(_ path: String) throws -> VerifierKey {
        let text = try text(path).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = VerifierKey(text) else {
            throw StartFailure("\(path) is no verifier key of the form name+id+base64")
        }
        return key
    }

    private static func text(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw StartFailure("\(path) cannot be read")
        }
    }

    private static func printError(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension LedgerReport {
    /// What a ledger that is in order shows.
    fileprivate var summary: String {
        var text = "OK \(size) rows, root \(root ?? "unknown")\n"
        text += "ledger \(ledger), \(checkpoints) checkpoints"
        if pruned > 0 { text += ", \(pruned) rows pruned (their hashes verify)" }
        return text
    }
}
