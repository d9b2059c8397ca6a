/// One thing that is wrong with a client's document.
package struct Violation: Hashable, Sendable {
    /// RFC 6901 pointer into the client's own body; empty for the whole document.
    package var pointer: String
    /// Stable identity of the rule, lower-case words with dots: `subnet.overlap`. Tests match this, not the wording.
    package var rule: RuleID
    /// What is wrong and what would be right, for a person.
    package var message: String

    package init(pointer: String, rule: RuleID, message: String) {
        self.pointer = pointer
        self.rule = rule
        self.message = message
    }
}

extension Violation {
    /// The same violation of a value that is at `prefix` in the client's body.
    package func below(_ prefix: String) -> Violation {
        var violation = self
        violation.pointer = prefix + pointer
        return violation
    }

    /// As answers and the ledger show it.
    package var document: JSONValue {
        [
            "pointer": .string(pointer), "rule": .string(rule.name), "message": .string(message),
        ]
    }
}

/// The stable identity of a validation rule. Each area declares its own as static members in an extension.
package struct RuleID: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) { self.name = name }

    package var description: String { name }
}
