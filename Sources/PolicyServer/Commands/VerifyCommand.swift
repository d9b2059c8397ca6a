package import ArgumentParser
import ControlPlane
import Domain
import Etcd
import Foundation
import Logging
import Store

/// The command `policy-server audit verify`. Exits with 0 if the ledger is unchanged, with 1 if it was changed, and
/// with 2 if it cannot be verified.
package struct VerifyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a ledger's file for tampering.",
        discussion: """
            Reads the file, which may be in use or a copy, and checks every row's hash, the chain, the Merkle \
            tree, the stored checkpoints and their signatures. The file alone cannot show that rows were cut off \
            at the end or that the whole ledger was rewritten: --etcd, --checkpoint and --key find that. --etcd \
            also recomputes the chain of changes in etcd, as far back as etcd has its history.

            Exit status: 0 if everything is in order, 1 if not (the first bad place comes first), 2 if the \
            ledger, etcd or a given file cannot be read, which also needs attention.
            """)

    @Option(help: "The ledger's file.")
    var db: String
    @Option(help: "URL of an etcd endpoint that holds the ledger's anchor; repeatable.")
    var etcd: [String] = []
    @Option(help: "User name for etcd's own authentication.")
    var etcdUser: String?
    @Option(help: "File with that user's password.")
    var etcdPasswordFile: String?
    @Option(help: "PEM file of the authorities that sign etcd's certificate.")
    var etcdCA: String?
    @Option(help: "PEM file of the client certificate for etcd.")
    var etcdCert: String?
    @Option(help: "PEM file of that certificate's private key.")
    var etcdKey: String?
    @Option(help: "File with a signed checkpoint that was stored elsewhere; repeatable.")
    var checkpoint: [String] = []
    @Option(
        help: "File with the current verifier key (name+id+base64), stored elsewhere.")
    var key: String?

    package init() {}

    package func run() async throws {
        let verdict: Verdict
        do {
            verdict = try await verify()
        } catch {
            Self.printError("\(Version.name): cannot verify \(subject(reason(error)))")
            throw ExitCode(2)
        }
        let report = verdict.report
        let findings = report.findings.map { "\($0)" } + verdict.headFindings
        guard findings.isEmpty else {
            findings.prefix(Self.maximumFindings).forEach { print("BAD \($0)") }
            let rest = findings.count - Self.maximumFindings
            if rest > 0 { print("and \(rest) more") }
            verdict.notes.forEach { print("note: \($0)") }
            throw ExitCode(1)
        }
        guard verdict.isAnchored else {
            Self.printError(
                "\(Version.name): \(db) is consistent, but etcd holds no checkpoint of "
                    + "ledger \(report.ledger) to compare it with")
            verdict.notes.forEach { Self.printError("note: \($0)") }
            throw ExitCode(2)
        }
        print(report.summary)
        verdict.notes.forEach { print("note: \($0)") }
    }

    /// The maximum number of findings that are printed.
    private static let maximumFindings = 20

    private struct Verdict {
        var report: LedgerReport
        /// False if etcd was asked, holds no anchor of this ledger, and the ledger is old enough to have one.
        var isAnchored: Bool
        /// The errors found in etcd's key `head`, which contains a running hash, and in the changes that this hash
        /// covers.
        var headFindings: [String]
        /// Remarks that do not change the exit status.
        var notes: [String]
    }

    /// The age from which a ledger must have a checkpoint. By default, a server makes its first checkpoint after five
    /// minutes (`--audit-checkpoint-interval`).
    private static let newLedger = Duration.seconds(3_600)

    private func verify() async throws -> Verdict {
        let key = try self.key.map(Self.verifierKey)
        var outside = try checkpoint.map(Self.outsideCheckpoint)
        let (anchors, head) = etcd.isEmpty ? (nil, nil) : try await askEtcd()
        outside += [anchors?.anchor].compactMap(\.self) + (anchors?.evidence ?? [])
        var report = try await LedgerVerifier(path: db, key: key, outside: outside).verify()
        let keys = [key, keyBeside()].compactMap(\.self) + KeyFile.retired(beside: keyPath)
        let replicas = (anchors?.others ?? []).filter {
            !report.noteReplaced($0.ledger, by: $0.signed, keys: keys)
        }
        let isNew = try anchors != nil && isNew(report)
        let newNote = "the ledger is new: neither its file nor etcd has a checkpoint of it yet"
        return Verdict(
            report: report, isAnchored: anchors.map { $0.anchor != nil || isNew } ?? true,
            headFindings: head?.findings ?? [],
            notes: keyNote(report) + replicas.map(\.note) + (head?.notes ?? [])
                + (isNew && anchors?.anchor == nil ? [newNote] : []))
    }

    /// Returns true if the ledger is too young to have a signed checkpoint.
    private func isNew(_ report: LedgerReport) throws -> Bool {
        guard report.checkpoints == 0, report.pruned == 0 else { return false }
        guard let oldest = try LedgerReader(path: db).oldestTime() else { return report.size == 0 }
        let age = SystemClock.now().microseconds - oldest.microseconds
        return .microseconds(age) < Self.newLedger
    }

    /// Returns a note if the key in the data folder differs from the newest key in the ledger. The note is not a
    /// finding, because the difference proves nothing: anyone who can change the ledger can also change the key file,
    /// and the server may use another key file.
    private func keyNote(_ report: LedgerReport) -> [String] {
        guard key == nil, let beside = keyBeside(), let last = report.keys.last, last != beside
        else { return [] }
        return [
            "\(keyPath) holds key \(beside.hexID), but the newest key in the ledger is \(last.hexID): "
                + "the server uses a different file (--audit-key), or has not been restarted since rotate-key"
        ]
    }

    private var keyPath: String {
        URL(fileURLWithPath: db).deletingLastPathComponent().appendingPathComponent("audit.key")
            .path
    }

    /// Returns the public key of the key file in the data folder; nil if the file cannot be read.
    private func keyBeside() -> VerifierKey? { try? KeyFile.read(keyPath).verifier }

    private func askEtcd() async throws -> (LedgerAnchors?, HeadCheck?) {
        let ledger = try await LedgerVerifier(path: db).identity()
        let client = try EtcdClient(
            try etcdSettings().configuration(),
            logger: Logger(label: Version.name) { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // The client connects to etcd only while its `run()` is active.
            group.addTask { try await client.run() }
            defer { group.cancelAll() }
            let anchors = try await LedgerAnchors(from: client, ledger: ledger)
            let head = try await HeadCheck(client) { () throws(StoreError) in
                try LedgerReader(path: db)
            }
            return (anchors, head)
        }
    }

    /// Returns `reason` with the path of the ledger's file in front. Returns `reason` unchanged if it already begins
    /// with that path.
    private func subject(_ reason: String) -> String {
        reason.hasPrefix("\(db): ") ? reason : "\(db): \(reason)"
    }

    private func reason(_ error: any Error) -> String {
        switch error {
        case let error as SettingError: error.message
        default: "\(error)"
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
            throw StartFailure("\(path) is not a signed checkpoint")
        }
        return OutsideCheckpoint(source: path, signed: signed)
    }

    private static func verifierKey(_ path: String) throws -> VerifierKey {
        let text = try text(path).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = VerifierKey(text) else {
            throw StartFailure("\(path) is not a verifier key of the form name+id+base64")
        }
        return key
    }

    private static func text(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let reason = error as NSError
            throw StartFailure("\(path) cannot be read: \(reason.localizedDescription)")
        }
    }

    private static func printError(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension LedgerAnchors.Other {
    fileprivate var note: String {
        "etcd also holds a checkpoint of \(signed.checkpoint.size) rows of ledger \(ledger), "
            + "which belongs to another server or was lost"
    }
}

extension LedgerReport {
    /// The lines that the command prints for an unchanged ledger.
    fileprivate var summary: String {
        var text = "OK \(size) rows, root \(root ?? "unknown")\n"
        text += "ledger \(ledger), \(checkpoints) checkpoints"
        if pruned > 0 { text += ", \(pruned) rows pruned (their hashes verify)" }
        return text
    }
}
