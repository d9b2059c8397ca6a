/// Appends JSON text to `output`.
struct JSONWriter {
    /// Which characters are escaped beyond those that must be.
    enum Escaping {
        /// What RFC 8259 section 7 demands.
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

    mutating func writePretty(_ value: JSONValue, indent: Int) {
        switch value {
        case .array(let elements) where !elements.isEmpty:
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                newLine(first: index == 0, indent: indent + 2)
                writePretty(element, indent: indent + 2)
            }
            endLine(UInt8(ascii: "]"), indent: indent)
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                newLine(first: index == 0, indent: indent + 2)
                write(member.key)
                output.append(contentsOf: ": ".utf8)
                writePretty(member.value, indent: indent + 2)
            }
            endLine(UInt8(ascii: "}"), indent: indent)
        default: write(value)
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

    private mutating func newLine(first: Bool, indent: Int) {
        if !first { output.append(UInt8(ascii: ",")) }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private mutating func endLine(_ bracket: UInt8, indent: Int) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
        output.append(bracket)
    }
}
