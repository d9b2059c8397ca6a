extension JSONWriter {
    /// A string in quotes: runs that need no escape are copied as they are.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(utf8: $0) }
    }

    /// The same of text that is there as bytes; ill-formed ones are copied as they are.
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

    /// The scalar at the start of `bytes`, which is ASCII, or U+2028 or U+2029; nil for any other.
    private static func escaped(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let first = bytes.first else { return nil }
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        if bytes.starts(with: [0xE2, 0x80, 0xA8]) { return ("\u{2028}", 3) }
        if bytes.starts(with: [0xE2, 0x80, 0xA9]) { return ("\u{2029}", 3) }
        return nil
    }

    /// Whether a byte may be, or may begin, something to escape.
    private func needsAttention(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: escaping == .go
        default: false
        }
    }

    /// One of those that `needsAttention` finds.
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
