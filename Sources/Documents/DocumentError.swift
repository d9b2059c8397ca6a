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
