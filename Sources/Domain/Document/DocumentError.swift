/// A place in a document's text.
package struct SourcePosition: Hashable, Sendable {
    /// 1-based.
    package var line: Int
    /// 1-based, counted in Unicode scalars.
    package var column: Int
    /// 0-based, counted in bytes.
    package var byteOffset: Int

    package init(line: Int, column: Int, byteOffset: Int) {
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    /// The line and column of a byte of `bytes`; an offset past the end means the end.
    package init(byteOffset: Int, in bytes: [UInt8]) {
        let end = min(max(byteOffset, 0), bytes.count)
        var line = 1
        var column = 1
        for byte in bytes[..<end] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if !byte.isUTF8Continuation {
                column += 1
            }
        }
        self.init(line: line, column: column, byteOffset: end)
    }
}

extension SourcePosition: CustomStringConvertible {
    package var description: String { "line \(line), column \(column)" }
}

/// Why a text could not be read as a document.
package struct DocumentError: Error, Hashable, Sendable {
    /// RFC 6901 pointer to the innermost value being read; empty for the whole document.
    package var pointer: String
    /// Where in the text, when that is known.
    package var position: SourcePosition?
    package var rule: RuleID
    /// What was found and what was expected, for a person; without the position.
    package var message: String

    package init(
        pointer: String = "", position: SourcePosition? = nil, rule: RuleID, message: String
    ) {
        self.pointer = pointer
        self.position = position
        self.rule = rule
        self.message = message
    }

    /// The same problem in the form that every other check reports, position in words.
    package var violation: Violation {
        let place = position.map { " (\($0))" } ?? ""
        return Violation(pointer: pointer, rule: rule, message: message + place)
    }

    /// The same error seen from the object that holds the failing value under `key`.
    func within(key: String) -> DocumentError {
        var outer = self
        outer.pointer = JSONPointer.append("", key) + pointer
        return outer
    }

    /// The same error seen from the array that holds the failing value at `index`.
    func within(index: Int) -> DocumentError {
        var outer = self
        outer.pointer = JSONPointer.append("", index) + pointer
        return outer
    }
}

extension UInt8 {
    /// Whether this byte continues a UTF-8 sequence (`10xxxxxx`).
    var isUTF8Continuation: Bool { self & 0xC0 == 0x80 }
}
