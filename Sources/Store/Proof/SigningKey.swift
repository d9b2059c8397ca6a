import Crypto
import Foundation

/// A key that signs notes. Its text is a secret; nothing but the key's file holds it.
package struct SigningKey: Sendable {
    package let verifier: VerifierKey
    private let privateKey: Curve25519.Signing.PrivateKey

    /// A new key. `name` must not be empty nor hold white space or a plus sign.
    package init(name: String) {
        self.init(name: name, privateKey: Curve25519.Signing.PrivateKey())
    }

    /// Reads `PRIVATE+KEY+<name>+<key id in hex>+<base64 of 0x01 and the seed>`, as golang.org/x/mod's
    /// sumdb/note writes it; nil when the text is anything else.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix),
            let parts = NoteKeyText(String(text.dropFirst(Self.prefix.count))),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: parts.key)
        else { return nil }
        self.init(name: parts.name, privateKey: key)
        guard parts.id == verifier.hexID else { return nil }
    }

    private init(name: String, privateKey: Curve25519.Signing.PrivateKey) {
        self.privateKey = privateKey
        verifier = VerifierKey(name: name, publicKey: privateKey.publicKey)
    }

    /// The key under `ledger`'s name when its own is of another ledger: a signature's name is to be that of
    /// the origin of what it signs.
    package func forLedger(_ ledger: String) -> SigningKey {
        guard let other = verifier.ledger, other != ledger else { return self }
        return SigningKey(name: Checkpoint.origin(ledger: ledger), privateKey: privateKey)
    }

    /// What `init(_:)` reads.
    var secretText: String {
        Self.prefix
            + NoteKeyText.text(
                name: verifier.name, hexID: verifier.hexID, key: privateKey.rawRepresentation)
    }

    /// The text with this key's signature. `text` must end with a line feed.
    func sign(_ text: String) throws -> SignedNote {
        let signature = try privateKey.signature(for: Data(text.utf8))
        return SignedNote(
            text: text,
            signatures: [
                SignedNote.Signature(
                    name: verifier.name, keyID: verifier.id, bytes: Data(signature))
            ])
    }

    private static let prefix = "PRIVATE+KEY+"
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    package var description: String { "signing key \(verifier.text)" }
    package var customMirror: Mirror { Mirror(self, children: ["verifier": verifier.text]) }
}
