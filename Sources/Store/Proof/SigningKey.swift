import Crypto
import Documents
import Foundation

/// A key that signs notes. The text of the key is a secret, and must be stored only in the key's file.
package struct SigningKey: Sendable {
    package let verifier: VerifierKey
    private let privateKey: Curve25519.Signing.PrivateKey

    /// Creates a new key. `name` must not be empty and must not contain white space or a plus sign.
    package init(name: String) {
        self.init(name: name, privateKey: Curve25519.Signing.PrivateKey())
    }

    /// Reads `PRIVATE+KEY+<name>+<key id in hex>+<base64 of 0x01 and the seed>`, the form of golang.org/x/mod's
    /// sumdb/note. Nil for any other text.
    package init?(_ text: String) {
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

    /// Returns this key with the origin of `ledger` as its name. The name of a signing key must be the origin of
    /// the checkpoints that it signs. Returns the key unchanged if its name is not the origin of a ledger.
    package func forLedger(_ ledger: String) -> SigningKey {
        guard let other = verifier.ledger, other != ledger else { return self }
        return SigningKey(name: Checkpoint.origin(ledger: ledger), privateKey: privateKey)
    }

    /// The key as text, in the form that `init(_:)` reads.
    package var secretText: String {
        Self.prefix
            + NoteKeyText.text(
                name: verifier.name, hexID: verifier.hexID, key: privateKey.rawRepresentation)
    }

    /// Returns a note with `text` and this key's signature. `text` must end with a line feed.
    package func sign(_ text: String) throws -> SignedNote {
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
    /// Leaves out the secret, as `customMirror` does, so that a log or a dump cannot reveal the secret.
    package var description: String { "signing key \(verifier.text)" }
    package var customMirror: Mirror { Mirror(self, children: ["verifier": verifier.text]) }
}

/// The public half of a key that signs notes. As text, it has the form of C2SP signed-note: `<name>+<key id in
/// hex>+<base64 of 0x01 and the Ed25519 key>` (https://c2sp.org/signed-note).
package struct VerifierKey: Hashable, Sendable {
    /// The name of the key. It is not empty and has no white space or plus sign.
    package let name: String
    /// The first four bytes of SHA-256(name || 0x0A || 0x01 || key).
    package let id: UInt32
    let publicKey: Curve25519.Signing.PublicKey

    init(name: String, publicKey: Curve25519.Signing.PublicKey) {
        self.name = name
        self.publicKey = publicKey
        id = Self.id(name, publicKey)
    }

    /// Reads the text of a key. Nil unless the text is an Ed25519 key with an id that matches its name and key.
    package init?(_ text: String) {
        guard let parts = NoteKeyText(text),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: parts.key)
        else { return nil }
        self.init(name: parts.name, publicKey: key)
        guard parts.id == hexID else { return nil }
    }

    /// The key id as 8 lower-case hex digits.
    package var hexID: String { Hex.text(id) }

    /// The key as text, in the form that `init(_:)` reads.
    package var text: String {
        NoteKeyText.text(name: name, hexID: hexID, key: publicKey.rawRepresentation)
    }

    /// The id of the ledger in the name of the key; nil if the name is not the origin of a ledger.
    package var ledger: String? {
        guard name.hasPrefix(Checkpoint.originPrefix) else { return nil }
        return String(name.dropFirst(Checkpoint.originPrefix.count))
    }

    /// Returns true if `signature` over `message` was made with the private half of this key.
    func isValid(_ signature: Data, of message: Data) -> Bool {
        publicKey.isValidSignature(signature, for: message)
    }

    package static func == (lhs: VerifierKey, rhs: VerifierKey) -> Bool { lhs.text == rhs.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    private static func id(_ name: String, _ key: Curve25519.Signing.PublicKey) -> UInt32 {
        let input = Data(name.utf8) + [0x0A, NoteKeyText.algorithm] + key.rawRepresentation
        return SHA256.hash(data: input).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension VerifierKey: CustomStringConvertible {
    package var description: String { text }
}

/// A key in text form, split into name, id and key. A verifier key and a private key have the same three parts.
struct NoteKeyText {
    /// The algorithm Ed25519 (C2SP signed-note, "Signature types").
    static let algorithm: UInt8 = 1

    let name: String
    let id: String
    /// The key without the byte for the algorithm.
    let key: Data

    init?(_ text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, Self.isName(parts[0]), parts[1].utf8.count == 8,
            let bytes = Data(base64Encoded: String(parts[2])), bytes.first == Self.algorithm
        else { return nil }
        name = String(parts[0])
        id = String(parts[1])
        key = Data(bytes.dropFirst())
    }

    static func text(name: String, hexID: String, key: Data) -> String {
        "\(name)+\(hexID)+\((Data([algorithm]) + key).base64EncodedString())"
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && !name.contains { $0.isWhitespace || $0 == "+" }
    }
}
