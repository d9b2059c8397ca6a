/// Appends block style YAML to `output`: two spaces a level, lists not indented below their key.
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

    /// The first member stands where the line is; the others get lines of their own.
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

    /// The key and its colon.
    private mutating func key(_ key: String, indent: Int) {
        let text = YAMLText(key).bytes
        // YAML finds the colon of a plain key only within 1,024 characters (YAML 1.1 section 9.2.2).
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

    /// YAML 1.1 knows no exponent without a sign, and none without a decimal point before it.
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
