/// Writes values as JSON text (RFC 8259). Members keep their order and numbers their text, except in the canonical
/// form.
package enum JSONSerializer {
    /// Returns the text without white space.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.write(value)
        return writer.output
    }

    /// Returns the text without white space, escaped as Go's `json.Marshal` does by default (1.22 or later): the bytes
    /// that calicoctl would have stored.
    package static func goBytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .go)
        writer.write(value)
        return writer.output
    }

    /// Returns the canonical text of a value (JSON Canonicalization Scheme, RFC 8785), to hash and to compare.
    ///
    /// Integers that a double cannot hold, which the scheme leaves to strings (section 3.1), keep their digits.
    package static func canonical(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.writeCanonical(value)
        return writer.output
    }
}

/// Appends JSON text to `output`.
struct JSONWriter {
    /// Which characters are escaped beyond those that must be.
    enum Escaping {
        /// Only the characters that RFC 8259 section 7 demands.
        case minimal
        /// Also `<`, `>`, `&`, U+2028 and U+2029 (Go, encoding/json `HTMLEscape`).
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
    /// Writes a string in quotes. Runs that need no escape are copied as a whole.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(utf8: $0) }
    }

    /// Writes text that is already bytes; ill-formed bytes are copied unchanged.
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

    /// Returns the scalar at the start of `bytes`, which is ASCII, or U+2028 or U+2029; nil for any other.
    private static func escaped(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let first = bytes.first else { return nil }
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        if bytes.starts(with: [0xE2, 0x80, 0xA8]) { return ("\u{2028}", 3) }
        if bytes.starts(with: [0xE2, 0x80, 0xA9]) { return ("\u{2029}", 3) }
        return nil
    }

    /// Returns true if a byte may be, or may begin, something to escape.
    private func needsAttention(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: escaping == .go
        default: false
        }
    }

    /// Writes a character that `needsAttention` finds.
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

    /// `\u` and four lower-case digits, as Go and ECMAScript write them.
    private mutating func writeEscape(_ scalar: Unicode.Scalar) {
        output.append(contentsOf: "\\u".utf8)
        output.append(contentsOf: Hex.text(UInt16(truncatingIfNeeded: scalar.value)).utf8)
    }
}
