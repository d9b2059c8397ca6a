/// JSON being written: raw text and escaped strings (RFC 8259 §7).
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func append(raw text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(raw json: [UInt8]) {
        bytes.append(contentsOf: json)
    }

    /// Appends `string` in quotes with `"`, `\` and control characters escaped.
    mutating func append(string: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: append(raw: "\\n")
            case 0x0D: append(raw: "\\r")
            case 0x09: append(raw: "\\t")
            case 0x00..<0x20, 0x7F:
                append(raw: "\\u00")
                bytes.append(hexadecimal(byte >> 4))
                bytes.append(hexadecimal(byte & 0x0F))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// The lower-case hexadecimal digit of `nibble`, which is below 16.
func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? nibble + UInt8(ascii: "0") : nibble - 10 + UInt8(ascii: "a")
}
