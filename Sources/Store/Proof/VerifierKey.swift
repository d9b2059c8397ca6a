import Crypto
import Documents
import Foundation

/// The public half of a key that signs notes, as C2SP signed-note writes it:
/// `<name>+<key id in hex>+<base64 of 0x01 and the Ed25519 key>` (https://c2sp.org/signed-note).
package struct VerifierKey: Hashable, Sendable {
    /// Not empty, without white space and plus sign.
    package let name: String
    /// First four bytes of SHA-256(name || 0x0A || 0x01 || key).
    package let id: UInt32
    let publicKey: Curve25519.Signing.PublicKey

    init(name: String, publicKey: Curve25519.Signing.PublicKey) {
        self.name = name
        self.publicKey = publicKey
        id = Self.id(name, publicKey)
    }

    /// Nil unless the text is a key of Ed25519 whose id is that of name and key.
    package init?(_ text: String) {
        guard let parts = NoteKeyText(text),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: parts.key)
        else { return nil }
        self.init(name: parts.name, publicKey: key)
        guard parts.id == hexID else { return nil }
    }

    /// The key id as 8 lower-case hex digits.
    package var hexID: String { Hex.text(id) }

    /// What `init(_:)` reads.
    package var text: String {
        NoteKeyText.text(name: name, hexID: hexID, key: publicKey.rawRepresentation)
    }

    /// The ledger that the key was made for, by its name; nil when that is no ledger's origin.
    package var ledger: String? {
        guard name.hasPrefix(Checkpoint.originPrefix) else { return nil }
        return String(name.dropFirst(Checkpoint.originPrefix.count))
    }

    /// Whether `signature` over `message` was made with the other half of this key.
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

/// The three parts that a verifier key and a private key have in common.
struct NoteKeyText {
    /// Ed25519 (C2SP signed-note, "Signature types").
    static let algorithm: UInt8 = 1

    let name: String
    let id: String
    /// Without the byte for the algorithm.
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
