/// Writes values as JSON text (RFC 8259). Except in the canonical form, members keep their order and numbers keep
/// their text.
package enum JSONSerializer {
    /// Returns the value as JSON text without white space.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.write(value)
        return writer.output
    }

    /// Returns the value as JSON text without white space, with the default escapes of Go's `json.Marshal` (1.22 or
    /// later). These are the bytes that calicoctl would store.
    package static func goBytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .go)
        writer.write(value)
        return writer.output
    }

    /// Returns the canonical text of a value (JSON Canonicalization Scheme, RFC 8785), for hashes and comparisons.
    ///
    /// Integers that a double cannot represent keep their digits, although RFC 8785 recommends strings for such
    /// integers (section 3.1).
    package static func canonical(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.writeCanonical(value)
        return writer.output
    }

    /// Returns the canonical text of a value as a string. The ledger's columns store documents in this form.
    package static func canonicalText(_ value: JSONValue) -> String {
        String(decoding: canonical(value), as: UTF8.self)
    }
}

/// Appends JSON text to `output`.
struct JSONWriter {
    /// The set of characters that are escaped.
    enum Escaping {
        /// Escapes only the characters that RFC 8259 section 7 requires.
        case minimal
        /// Escapes the same characters as `minimal`, and `<`, `>`, `&`, U+2028 and U+2029 (Go, encoding/json
        /// `HTMLEscape`).
        case go
    }

    let escaping: Escaping
    var output: [UInt8] = []

    init(escaping: Escaping) { self.escaping = escaping }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(element)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(member.key)
                output.append(UInt8(ascii: ":"))
                write(member.value)
            }
            output.append(UInt8(ascii: "}"))
        default: writeScalar(value)
        }
    }

    mutating func writeScalar(_ value: JSONValue) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(true): output.append(contentsOf: "true".utf8)
        case .bool(false): output.append(contentsOf: "false".utf8)
        case .number(let number): output.append(contentsOf: number.literal.utf8)
        case .string(let text): write(text)
        case .array, .object: write(value)
        }
    }
}

extension JSONWriter {
    /// Writes a string in quotes. Copies each run of characters that need no escape as a whole.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(utf8: $0) }
    }

    /// Writes a string, given as UTF-8 bytes, in quotes. Copies invalid bytes unchanged.
    mutating func write(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        output.append(UInt8(ascii: "\""))
        var start = 0
        var index = 0
        while index < bytes.count {
            guard needsAttention(bytes[index]),
                let (scalar, length) = Self.escaped(bytes[index...])
            else {
                index += 1
                continue
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
            writeScalar(scalar)
            index += length
            start = index
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
        output.append(UInt8(ascii: "\""))
    }

    /// Returns the scalar at the start of `bytes` if it is ASCII, U+2028 or U+2029; otherwise nil.
    private static func escaped(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let first = bytes.first else { return nil }
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        if bytes.starts(with: [0xE2, 0x80, 0xA8]) { return ("\u{2028}", 3) }
        if bytes.starts(with: [0xE2, 0x80, 0xA9]) { return ("\u{2029}", 3) }
        return nil
    }

    /// Returns true if the byte may be, or may begin, a character that needs an escape.
    private func needsAttention(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: escaping == .go
        default: false
        }
    }

    /// Writes a character for which `needsAttention` returned true.
    private mutating func writeScalar(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x08: output.append(contentsOf: "\\b".utf8)
        case 0x09: output.append(contentsOf: "\\t".utf8)
        case 0x0A: output.append(contentsOf: "\\n".utf8)
        case 0x0C: output.append(contentsOf: "\\f".utf8)
        case 0x0D: output.append(contentsOf: "\\r".utf8)
        case 0x22: output.append(contentsOf: "\\\"".utf8)
        case 0x5C: output.append(contentsOf: "\\\\".utf8)
        default: writeEscape(scalar)
        }
    }

    /// Writes `\u` and four lower-case digits, like Go and ECMAScript.
    private mutating func writeEscape(_ scalar: Unicode.Scalar) {
        output.append(contentsOf: "\\u".utf8)
        output.append(contentsOf: Hex.text(UInt16(truncatingIfNeeded: scalar.value)).utf8)
    }
}
