/// A string as a YAML scalar: plain where every reader takes it for just that string, else in double quotes.
struct YAMLText {
    private let text: String

    init(_ text: String) { self.text = text }

    var bytes: [UInt8] { isPlain ? Array(text.utf8) : quoted }

    /// What YAML 1.1 or 1.2 readers take for a boolean or null, in any case to be safe.
    private static let words: Set<String> = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null",
    ]

    private var isPlain: Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, last != UInt8(ascii: ":") else {
            return false
        }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: "/"):
            break
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard !Self.mayBeNumberOrDate(bytes) else { return false }
        default: return false
        }
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }), last != UInt8(ascii: " "),
            !Self.hasIndicator(bytes)
        else { return false }
        return bytes.count > 5 || !Self.words.contains(text.lowercased())
    }

    /// Whether all of it could belong to an integer in any base, a float, a sexagesimal, a date or a time.
    private static func mayBeNumberOrDate(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { "0123456789abcdefABCDEFxXoOtTzZ_+-.:, ".utf8.contains($0) }
    }

    /// Whether `: ` or ` #` would end the scalar.
    private static func hasIndicator(_ bytes: [UInt8]) -> Bool {
        zip(bytes, bytes.dropFirst()).contains {
            $0 == (UInt8(ascii: ":"), UInt8(ascii: " "))
                || $0 == (UInt8(ascii: " "), UInt8(ascii: "#"))
        }
    }

    private var quoted: [UInt8] {
        var output: [UInt8] = [UInt8(ascii: "\"")]
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += Array("\\\"".utf8)
            case "\\": output += Array("\\\\".utf8)
            case "\n": output += Array("\\n".utf8)
            case "\r": output += Array("\\r".utf8)
            case "\t": output += Array("\\t".utf8)
            case _ where Self.needsEscape(scalar):
                output += Array("\\u".utf8)
                output += Array(Hex.text(UInt16(truncatingIfNeeded: scalar.value)).utf8)
            default: output += Array(UTF8.encode(scalar) ?? .init())
            }
        }
        output.append(UInt8(ascii: "\""))
        return output
    }

    /// What YAML does not allow as it is, or takes for a line break (YAML 1.1 sections 5.1 and 5.4).
    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
