/// Writes values as YAML in block style, for people and for `kubectl`-like tools.
package enum YAMLSerializer {
    /// Returns the YAML text. Equal values with the same order of members have the same text. `YAMLParser` and
    /// readers of YAML 1.2 read back the same value, except numbers that a double cannot represent.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = YAMLWriter()
        writer.document(value)
        return writer.output
    }
}

/// Appends block style YAML to `output`, with two spaces for each level. Lists are not indented below their key.
struct YAMLWriter {
    private(set) var output: [UInt8] = []

    mutating func document(_ value: JSONValue) {
        switch value {
        case .object(let object) where !object.isEmpty: members(object, indent: 0)
        case .array(let elements) where !elements.isEmpty: self.elements(elements, indent: 0)
        default:
            inline(value)
            output.append(UInt8(ascii: "\n"))
        }
    }

    /// Writes the first member on the current line and each further member on a new line.
    private mutating func members(_ object: JSONObject, indent: Int) {
        for (index, member) in object.members.enumerated() {
            if index > 0 { self.indent(indent) }
            key(member.key, indent: indent)
            switch member.value {
            case .object(let inner) where !inner.isEmpty:
                newLine(indent: indent + 2)
                members(inner, indent: indent + 2)
            case .array(let inner) where !inner.isEmpty:
                newLine(indent: indent)
                elements(inner, indent: indent)
            default: value(member.value)
            }
        }
    }

    private mutating func elements(_ elements: [JSONValue], indent: Int) {
        for (index, element) in elements.enumerated() {
            if index > 0 { self.indent(indent) }
            output.append(UInt8(ascii: "-"))
            switch element {
            case .object(let inner) where !inner.isEmpty:
                output.append(UInt8(ascii: " "))
                members(inner, indent: indent + 2)
            case .array(let inner) where !inner.isEmpty:
                output.append(UInt8(ascii: " "))
                self.elements(inner, indent: indent + 2)
            default: value(element)
            }
        }
    }

    /// Writes the key and its colon.
    private mutating func key(_ key: String, indent: Int) {
        let text = YAMLText(key).bytes
        // A long key is written after `?`. Without a `?`, the colon must come within 1,024 characters (YAML 1.1 section
        // 9.2.2).
        if text.count < 1_000 {
            output += text
        } else {
            output += Array("? ".utf8) + text
            newLine(indent: indent)
        }
        output.append(UInt8(ascii: ":"))
    }

    private mutating func value(_ value: JSONValue) {
        output.append(UInt8(ascii: " "))
        inline(value)
        output.append(UInt8(ascii: "\n"))
    }

    private mutating func inline(_ value: JSONValue) {
        switch value {
        case .string(let text): output += YAMLText(text).bytes
        case .number(let number): output += Self.bytes(number)
        default: output += JSONSerializer.bytes(value)
        }
    }

    /// Returns the number in a form that YAML 1.1 also reads as a number. In YAML 1.1, an exponent needs a sign, and
    /// the digits before the exponent need a decimal point.
    private static func bytes(_ number: JSONNumber) -> [UInt8] {
        var digits = Array(number.literal.utf8)
        guard let mark = digits.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else {
            return digits
        }
        if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digits[mark + 1]) {
            digits.insert(UInt8(ascii: "+"), at: mark + 1)
        }
        if !digits.contains(UInt8(ascii: ".")) { digits.insert(contentsOf: ".0".utf8, at: mark) }
        return digits
    }

    private mutating func newLine(indent: Int) {
        output.append(UInt8(ascii: "\n"))
        self.indent(indent)
    }

    private mutating func indent(_ indent: Int) {
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }
}

/// A string as a YAML scalar. The scalar is plain if every reader reads back the same string, otherwise in double
/// quotes.
struct YAMLText {
    private let text: String

    init(_ text: String) { self.text = text }

    var bytes: [UInt8] { isPlain ? Array(text.utf8) : quoted }

    /// The words that readers of YAML 1.1 or 1.2 interpret as a boolean or null. These words are quoted in any letter
    /// case.
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
        // Looks up only strings of at most five bytes, because the longest word in `words` has five letters.
        return bytes.count > 5 || !Self.words.contains(text.lowercased())
    }

    /// Returns true if every byte could belong to an integer in any base, a float, a sexagesimal, a date or a time.
    private static func mayBeNumberOrDate(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { "0123456789abcdefABCDEFxXoOtTzZ_+-.:, ".utf8.contains($0) }
    }

    /// Returns true if the text contains `: ` or ` #`, which would end a plain scalar.
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

    /// Returns true if YAML does not allow the character without an escape, or treats it as a line break (YAML 1.1
    /// sections 5.1 and 5.4).
    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
