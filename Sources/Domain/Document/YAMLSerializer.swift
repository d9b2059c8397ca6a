/// Writes values as YAML block style that YAML 1.1 and 1.2 readers both read back as the same value.
package enum YAMLSerializer {
    /// Ends with a line feed. A text stands without quotes only if no YAML version could take it for
    /// anything else; all others are quoted as JSON quotes them, which YAML reads alike.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        write(value, indent: 0, isInline: false, to: &output)
        return output
    }

    /// - Parameter isInline: whether the value follows something on its line, such as `key:`.
    private static func write(
        _ value: JSONValue, indent: Int, isInline: Bool, to output: inout [UInt8]
    ) {
        switch value {
        case .object(let object) where !object.isEmpty:
            if isInline { output.append(newline) }
            for (key, member) in object {
                pad(indent, to: &output)
                output += text(key)
                output.append(UInt8(ascii: ":"))
                // A sequence may stand at its key's own indentation.
                if case .array(let elements) = member, !elements.isEmpty {
                    write(member, indent: indent, isInline: true, to: &output)
                } else {
                    write(member, indent: indent + 2, isInline: true, to: &output)
                }
            }
        case .array(let elements) where !elements.isEmpty:
            if isInline { output.append(newline) }
            for element in elements {
                pad(indent, to: &output)
                output.append(UInt8(ascii: "-"))
                writeElement(element, indent: indent + 2, to: &output)
            }
        default:
            if isInline { output.append(space) }
            output += scalar(value)
            output.append(newline)
        }
    }

    /// An element follows its dash on the same line, a mapping with its first member.
    private static func writeElement(
        _ element: JSONValue, indent: Int, to output: inout [UInt8]
    ) {
        guard case .object(let object) = element, !object.isEmpty else {
            return write(element, indent: indent, isInline: true, to: &output)
        }
        var block: [UInt8] = []
        write(element, indent: indent, isInline: false, to: &block)
        output.append(space)
        output += block.dropFirst(indent)
    }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    private static func pad(_ indent: Int, to output: inout [UInt8]) {
        output.append(contentsOf: repeatElement(space, count: indent))
    }

    private static func scalar(_ value: JSONValue) -> [UInt8] {
        if case .string(let string) = value { text(string) } else { JSONSerializer.bytes(value) }
    }

    private static func text(_ string: String) -> [UInt8] {
        isPlain(string) ? Array(string.utf8) : JSONSerializer.bytes(.string(string))
    }

    /// Words that some YAML version reads as null or a boolean, in lower case.
    private static let words: Set<String> = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n",
    ]

    /// A letter, then letters, digits and `_ . / -`: nothing that could be a number, a date or syntax.
    private static func isPlain(_ string: String) -> Bool {
        guard let first = string.utf8.first, isLetter(first), string.utf8.count <= 128 else {
            return false
        }
        return string.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_./-".utf8.contains($0) }
            && !words.contains(string.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
