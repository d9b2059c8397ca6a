import Store

/// The file of the key that signs checkpoints. It is read again after each change.
enum SigningKeyFile {
    /// Reads the file in the settings, or else `audit.key` in the data folder. Makes the latter if it is missing.
    static func file(
        _ settings: Settings, ledger: String
    ) throws -> ReloadingFile<SigningKey> {
        let (path, isGiven) = (settings.auditKeyPath, settings.auditKeyFile != nil)
        if !isGiven { _ = try KeyFile.readOrCreate(path, ledger: ledger) }
        return try ReloadingFile(path, subject: KeyFile.subject) {
            try KeyFile.bytes($0)
        } parse: { bytes in
            let key = try KeyFile.parse(bytes, path)
            guard !isGiven, let other = key.verifier.ledger, other != ledger else {
                return key.forLedger(ledger)
            }
            throw StartFailure("\(KeyFile.subject) \(path) has the key of another ledger")
        }
    }
}
