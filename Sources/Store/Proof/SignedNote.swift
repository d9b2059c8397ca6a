import Documents
import Foundation

/// A text with signatures below it (https://c2sp.org/signed-note).
package struct SignedNote: Hashable, Sendable {
    package struct Signature: Hashable, Sendable {
        package let name: String
        package let keyID: UInt32
        /// The signature without the key id.
        let bytes: Data
    }

    /// The signed text, which ends with a line feed.
    package let text: String
    package let signatures: [Signature]

    init(text: String, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note. Nil unless the part after the last empty line consists of 1 to 100 signatures.
    package init?(_ note: String) {
        // Splits at the last empty line, because the signed text may have empty lines too.
        guard let gap = note.range(of: "\n\n", options: .backwards), note.hasSuffix("\n") else {
            return nil
        }
        text = String(note[..<gap.lowerBound]) + "\n"
        let lines = note[gap.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        signatures = lines.compactMap(Signature.init(line:))
        guard (1...100).contains(lines.count), signatures.count == lines.count else { return nil }
    }

    /// Returns true if one of the signatures is valid for `key`.
    package func isSigned(by key: VerifierKey) -> Bool {
        signatures.contains {
            $0.name == key.name && $0.keyID == key.id
                && key.isValid($0.bytes, of: Data(text.utf8))
        }
    }
}

extension SignedNote {
    /// Returns true if one of the signatures was made with the private half of `key`, even if the signature has
    /// another key name.
    package func isSigned(withKeyOf key: VerifierKey) -> Bool {
        signatures.contains { key.isValid($0.bytes, of: Data(text.utf8)) }
    }
}

extension SignedNote: CustomStringConvertible {
    /// The note in the form that `init(_:)` reads.
    package var description: String { text + "\n" + signatures.map(\.line).joined() }
}

extension SignedNote.Signature {
    private static let dash = "\u{2014} "

    /// Reads `— <name> <base64 of key id and signature>`. Nil for any other line.
    fileprivate init?(line: Substring) {
        guard line.hasPrefix(Self.dash) else { return nil }
        let parts = line.dropFirst(Self.dash.count).split(
            separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, NoteKeyText.isName(parts[0]),
            let data = Data(base64Encoded: String(parts[1])), data.count > 4
        else { return nil }
        name = String(parts[0])
        keyID = data.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        bytes = Data(data.dropFirst(4))
    }

    fileprivate var line: String {
        let id = (0..<4).map { UInt8(truncatingIfNeeded: keyID >> (24 - 8 * UInt32($0))) }
        return "\(Self.dash)\(name) \((Data(id) + bytes).base64EncodedString())\n"
    }
}

extension SignedNote.Signature {
    /// The name and id of the key that signed, as `<name>+<key id in hex>`.
    package var keyName: String { "\(name)+\(Hex.text(keyID))" }
}
