extension JSONWriter {
    /// A string in quotes.
    mutating func write(_ text: String) {
        output.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: needsAttention) {
            for scalar in text.unicodeScalars { writeScalar(scalar) }
        } else {
            output.append(contentsOf: text.utf8)
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Whether a byte may be, or may begin, something to escape.
    private func needsAttention(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: escaping == .go
        default: false
        }
    }

    private mutating func writeScalar(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x08: output.append(contentsOf: "\\b".utf8)
        case 0x09: output.append(contentsOf: "\\t".utf8)
        case 0x0A: output.append(contentsOf: "\\n".utf8)
        case 0x0C: output.append(contentsOf: "\\f".utf8)
        case 0x0D: output.append(contentsOf: "\\r".utf8)
        case 0x22: output.append(contentsOf: "\\\"".utf8)
        case 0x5C: output.append(contentsOf: "\\\\".utf8)
        case ..<0x20: writeEscape(scalar)
        case 0x26, 0x3C, 0x3E, 0x2028, 0x2029:
            if escaping == .go { writeEscape(scalar) } else { writePlain(scalar) }
        default: writePlain(scalar)
        }
    }

    private mutating func writePlain(_ scalar: Unicode.Scalar) {
        output.append(contentsOf: UTF8.encode(scalar) ?? .init())
    }

    /// `\u` and four lower-case digits, as Go and ECMAScript write them.
    private mutating func writeEscape(_ scalar: Unicode.Scalar) {
        let digits = String(scalar.value, radix: 16)
        output.append(contentsOf: "\\u".utf8)
        output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
        output.append(contentsOf: digits.utf8)
    }
}
