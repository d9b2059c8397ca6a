/// One node of a parsed selector.
package indirect enum SelectorNode: Hashable, Sendable {
    /// `all()`; also what an empty selector means.
    case all
    /// `global()`; matches any labels, and means something only as a rule's whole namespaceSelector.
    case global
    /// `has(label)`.
    case has(String)
    /// A label against one value or a set of values.
    case comparison(SelectorComparison)
    case not(SelectorNode)
    /// Two or more operands joined by `&&`.
    case and([SelectorNode])
    /// Two or more operands joined by `||`.
    case or([SelectorNode])
}

/// `label operator value`, the part of a selector that looks at a label's value.
package struct SelectorComparison: Hashable, Sendable {
    package enum Operator: String, Sendable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case contains = "contains"
        case startsWith = "starts with"
        case endsWith = "ends with"
        case inSet = "in"
        case notInSet = "not in"
    }

    package let label: String
    package let operation: Operator
    /// One value; for `in` and `not in` any number, in byte order and without repeats.
    package let values: [String]

    /// `values` must be in byte order and without repeats.
    package init(label: String, operation: Operator, values: [String]) {
        self.label = label
        self.operation = operation
        self.values = values
    }
}

extension SelectorComparison {
    /// True when `values` are values of the label, not parts of them.
    package var namesWholeValues: Bool {
        switch operation {
        case .equal, .notEqual, .inSet, .notInSet: true
        case .contains, .startsWith, .endsWith: false
        }
    }
}

extension SelectorNode {
    /// Calls `body` for this node and everything below it, outermost first.
    package func visit(_ body: (SelectorNode) -> Void) {
        body(self)
        switch self {
        case .all, .global, .has, .comparison: break
        case .not(let operand): operand.visit(body)
        case .and(let operands), .or(let operands): operands.forEach { $0.visit(body) }
        }
    }
}
