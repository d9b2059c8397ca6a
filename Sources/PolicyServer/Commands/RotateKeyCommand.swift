import ArgumentParser
import Store

/// `policy-server audit rotate-key`
struct RotateKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Put a new signing key in the place of the old one.",
        discussion: """
            The old private key is gone afterwards; what it signed still verifies. A server that runs goes on \
            with the old key until it is restarted, and then puts the change into the ledger.
            """)

    @Option(help: "The server's data folder.")
    var dataDir: String
    @Option(help: "The key's file, when it is not audit.key in the data folder.")
    var auditKey: String?

    func run() async throws {
        try await StartFailure.reported {
            let path = auditKey ?? dataDir + "/audit.key"
            let old = try KeyFile.read(path).verifier
            let ledger = try await LedgerVerifier(path: dataDir + "/audit.sqlite").identity()
            let new = SigningKey(name: Checkpoint.origin(ledger: ledger))
            try KeyFile.replace(path, with: new)
            print("old \(old)\nnew \(new.verifier)\nRestart the server to sign with the new key.")
        }
    }
}
