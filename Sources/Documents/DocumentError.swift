/// The reason why a text is not a document.
package struct DocumentError: Error, Hashable, Sendable {
    /// The RFC 6901 pointer to the innermost value that was being read; empty for the whole document.
    package var pointer: String
    /// The position in the text; nil if unknown.
    package var position: SourcePosition?
    package var rule: RuleID
    /// The message for a person, without the position.
    package var message: String

    package init(
        pointer: String = "", position: SourcePosition? = nil, rule: RuleID, message: String
    ) {
        self.pointer = pointer
        self.position = position
        self.rule = rule
        self.message = message
    }

    /// The error as a violation. The violation's message contains the position.
    package var violation: Violation {
        let place = position.map { " (\($0))" } ?? ""
        return Violation(pointer: pointer, rule: rule, message: message + place)
    }

    /// Returns the error with a pointer relative to the enclosing object. The pointer of this error must be relative to
    /// the member `key` of that object.
    func within(key: String) -> DocumentError {
        var outer = self
        outer.pointer = JSONPointer.append("", key) + pointer
        return outer
    }

    /// Returns the error with a pointer relative to the enclosing array. The pointer of this error must be relative to
    /// the element at `index` of that array.
    func within(index: Int) -> DocumentError {
        var outer = self
        outer.pointer = JSONPointer.append("", index) + pointer
        return outer
    }
}

extension RuleID {
    /// Violated when a text is not well-formed JSON.
    package static let jsonSyntax = RuleID("json.syntax")
    /// Violated when a number does not have the form of RFC 8259 section 6.
    package static let jsonNumber = RuleID("json.number")
    /// Violated when a string has a bad escape or a raw control character.
    package static let jsonString = RuleID("json.string")
    /// Violated when more text follows the value of a JSON document.
    package static let jsonTrailingData = RuleID("json.trailing-data")
    /// Violated when a text is not UTF-8, has a byte order mark in a wrong place, or is YAML with an illegal
    /// character.
    package static let documentEncoding = RuleID("document.encoding")
    /// Violated when a text contains no value.
    package static let documentEmpty = RuleID("document.empty")
    /// Violated when an object contains a key twice.
    package static let documentDuplicateKey = RuleID("document.duplicate-key")
    /// Violated when arrays and objects are nested deeper than `DocumentLimits.depth`.
    package static let documentTooDeep = RuleID("document.too-deep")
    /// Violated when a document has more values than `DocumentLimits.nodes`.
    package static let documentTooManyValues = RuleID("document.too-many-values")
    /// Violated when an object has more members than `DocumentLimits.members`.
    package static let documentTooManyMembers = RuleID("document.too-many-members")
    /// Violated when a number has more characters than `DocumentLimits.numberLength`.
    package static let documentNumberTooLong = RuleID("document.number-too-long")
    /// Violated when a YAML text has more `%TAG` directives than `YAMLDirectives.limit`.
    package static let documentTooManyDirectives = RuleID("document.too-many-directives")

    /// The rules about documents that exceed `DocumentLimits`.
    package static let documentBounds: Set<RuleID> = [
        .documentTooDeep, .documentTooManyValues, .documentTooManyMembers, .documentNumberTooLong,
        .documentTooManyDirectives,
    ]

    /// Violated when a text is not well-formed YAML.
    package static let yamlSyntax = RuleID("yaml.syntax")
    /// Violated when a YAML text holds several documents, but one is expected.
    package static let yamlMultipleDocuments = RuleID("yaml.multiple-documents")
    /// Violated when a YAML tag has no corresponding JSON type, or when a value does not have the type that its tag
    /// names.
    package static let yamlTag = RuleID("yaml.tag")
    /// Violated when JSON cannot represent a number: infinity, not-a-number, or a value in hexadecimal, octal or
    /// binary that is too large.
    package static let yamlNumber = RuleID("yaml.number")
    /// Violated when the key of a YAML mapping is null or not a scalar.
    package static let yamlKey = RuleID("yaml.key")
    /// Violated when the value of the key `<<` is neither a mapping nor a list of mappings, or when `<<` comes after a
    /// key that it also sets.
    package static let yamlMerge = RuleID("yaml.merge")
}

/// A position in a document's text.
package struct SourcePosition: Hashable, Sendable {
    /// The line, starting at 1.
    package var line: Int
    /// The column in Unicode scalars, starting at 1.
    package var column: Int
    /// The offset in bytes, starting at 0.
    package var byteOffset: Int

    package init(line: Int, column: Int, byteOffset: Int) {
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    /// Creates the position of a byte in `bytes`. An offset past the end means the end.
    package init(byteOffset: Int, in bytes: [UInt8]) {
        let end = min(max(byteOffset, 0), bytes.count)
        self.init(line: 1, column: 1, byteOffset: 0)
        advance(to: end, in: bytes)
    }

    /// Returns the position of the byte at each offset. The keys of the result are the offsets. Needs only one pass
    /// over `bytes`. No offset may be past the end.
    static func all(byteOffsets: [Int], in bytes: [UInt8]) -> [Int: SourcePosition] {
        var places: [Int: SourcePosition] = [:]
        var place = SourcePosition(line: 1, column: 1, byteOffset: 0)
        for offset in byteOffsets.sorted() {
            place.advance(to: offset, in: bytes)
            places[offset] = place
        }
        return places
    }

    private mutating func advance(to end: Int, in bytes: [UInt8]) {
        for byte in bytes[byteOffset..<end] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if !byte.isUTF8Continuation {
                column += 1
            }
        }
        byteOffset = end
    }
}

extension SourcePosition: CustomStringConvertible {
    package var description: String { "line \(line), column \(column)" }
}

extension UInt8 {
    /// True if this byte continues a UTF-8 sequence (`10xxxxxx`).
    var isUTF8Continuation: Bool { self & 0xC0 == 0x80 }
}
