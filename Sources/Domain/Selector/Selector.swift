import Documents

/// A Calico selector: an expression over labels that selects endpoints, network sets or namespaces.
///
/// Grammar and meaning are the same as in Calico's `libcalico-go/lib/selector`: strings have no escapes, spaces and
/// tabs separate tokens, `&&` binds tighter than `||`, and labels have at most 512 characters.
package struct Selector: Hashable, Sendable {
    /// The parsed expression.
    package let root: SelectorNode

    /// Calico's maximum number of characters of a label name in a selector.
    package static let maxLabelLength = 512

    /// This server's maximum depth of parentheses. Calico has no such limit. No selector of a policy reaches this
    /// depth: a selector has at most 1,024 characters, which are enough for only 509 pairs of parentheses.
    package static let maxNesting = 1_000

    /// Parses `text`. An empty string means `all()`.
    package init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        root = try parser.parse()
    }

    package init(_ root: SelectorNode) { self.root = root }

    /// The text of the selector, equal to the result of Calico's `Selector.String()`.
    package var canonical: String {
        var text = ""
        root.appendCanonical(to: &text)
        return text
    }

    /// Returns true if `labels` satisfy the selector. An absent label satisfies `!=` and `not in`.
    package func matches(_ labels: some LabelSource) -> Bool { root.matches(labels) }

    /// Every comparison in the selector, in the order of the text.
    package var comparisons: [SelectorComparison] {
        var found: [SelectorComparison] = []
        root.visit { if case .comparison(let comparison) = $0 { found.append(comparison) } }
        return found
    }
}

extension Selector: CustomStringConvertible {
    package var description: String { canonical }
}

/// The labels against which a selector is evaluated: the labels of an endpoint or a network set, or a dictionary.
package protocol LabelSource {
    /// Returns the value of `label`; nil if absent. An empty value is not absent.
    func value(ofLabel label: String) -> String?
}

extension Dictionary<String, String>: LabelSource {
    package func value(ofLabel label: String) -> String? { self[label] }
}

/// One node of a parsed selector.
package indirect enum SelectorNode: Hashable, Sendable {
    /// `all()`, which is also the meaning of an empty selector.
    case all
    /// `global()`, which matches any labels. It is useful only as the whole namespaceSelector of a rule.
    case global
    /// `has(label)`.
    case has(String)
    /// A comparison of a label with one value or a set of values.
    case comparison(SelectorComparison)
    case not(SelectorNode)
    /// A list of two or more operands joined by `&&`.
    case and([SelectorNode])
    /// A list of two or more operands joined by `||`.
    case or([SelectorNode])
}

/// The comparison `label operator value`.
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
    /// The values of the comparison, in byte order and without duplicates. The operators `in` and `not in` have any
    /// number of values. Every other operator has exactly one value.
    package let values: [String]

    /// Creates a comparison. The `values` must be in byte order and without duplicates.
    package init(label: String, operation: Operator, values: [String]) {
        self.label = label
        self.operation = operation
        self.values = values
    }
}

extension SelectorComparison {
    /// True if the operator compares whole values of the label, and not parts of values.
    package var namesWholeValues: Bool {
        switch operation {
        case .equal, .notEqual, .inSet, .notInSet: true
        case .contains, .startsWith, .endsWith: false
        }
    }
}

extension SelectorNode {
    /// Calls `body` for this node and then for every node below it.
    package func visit(_ body: (SelectorNode) -> Void) {
        body(self)
        switch self {
        case .all, .global, .has, .comparison: break
        case .not(let operand): operand.visit(body)
        case .and(let operands), .or(let operands): operands.forEach { $0.visit(body) }
        }
    }

    /// Returns true if `labels` satisfy this node, by the same rules as Calico's evaluator.
    func matches(_ labels: some LabelSource) -> Bool {
        switch self {
        case .all, .global: return true
        case .has(let label): return labels.value(ofLabel: label) != nil
        case .comparison(let comparison):
            return comparison.matches(labels.value(ofLabel: comparison.label))
        case .not(let operand): return !operand.matches(labels)
        case .and(let operands):
            for operand in operands where !operand.matches(labels) { return false }
            return true
        case .or(let operands):
            for operand in operands where operand.matches(labels) { return true }
            return false
        }
    }
}

extension SelectorComparison {
    /// Returns true if a label's value satisfies the comparison. An absent label (nil) satisfies only `!=` and `not
    /// in`.
    package func matches(_ value: String?) -> Bool {
        guard let value else { return operation == .notEqual || operation == .notInSet }
        switch operation {
        case .inSet: return values.containsExactly(value)
        case .notInSet: return !values.containsExactly(value)
        default:
            guard let operand = values.first else { return false }
            return matches(value, operand)
        }
    }

    private func matches(_ value: String, _ operand: String) -> Bool {
        switch operation {
        // Compares bytes, like Go. Swift's `==` is also true for some strings with different bytes, such as composed
        // and decomposed letters.
        case .equal: value.isExactly(operand)
        case .notEqual: !value.isExactly(operand)
        case .contains: value.utf8.contains(operand.utf8)
        case .startsWith: value.utf8.starts(with: operand.utf8)
        case .endsWith: value.utf8.reversed().starts(with: operand.utf8.reversed())
        case .inSet, .notInSet: false
        }
    }
}

extension [String] {
    /// Returns true if the array contains a string with exactly the bytes of `value`. The array must be in byte
    /// order.
    fileprivate func containsExactly(_ value: String) -> Bool {
        if count <= 8 { return contains { $0.isExactly(value) } }
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].utf8.lexicographicallyPrecedes(value.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < endIndex && self[low].isExactly(value)
    }
}

extension String.UTF8View {
    /// Returns true if `other` occurs in these bytes. The empty string occurs in every text.
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        guard count >= other.count else { return false }
        var start = startIndex
        for _ in 0...(count - other.count) {
            if self[start...].starts(with: other) { return true }
            if start < endIndex { start = index(after: start) }
        }
        return false
    }
}

extension SelectorNode {
    /// Appends the text of this node, equal to the result of Calico's `String()`.
    func appendCanonical(to text: inout String) {
        switch self {
        case .all: text += "all()"
        case .global: text += "global()"
        case .has(let label): text += "has(\(label))"
        case .comparison(let comparison): comparison.appendCanonical(to: &text)
        case .not(let operand):
            text += "!"
            operand.appendCanonical(to: &text)
        case .and(let operands): Self.append(operands, joinedBy: " && ", to: &text)
        case .or(let operands): Self.append(operands, joinedBy: " || ", to: &text)
        }
    }

    private static func append(
        _ operands: [SelectorNode], joinedBy separator: String, to text: inout String
    ) {
        text += "("
        for (index, operand) in operands.enumerated() {
            if index > 0 { text += separator }
            operand.appendCanonical(to: &text)
        }
        text += ")"
    }
}

extension SelectorComparison {
    fileprivate func appendCanonical(to text: inout String) {
        text += label
        text += " \(operation.rawValue) "
        switch operation {
        case .inSet, .notInSet:
            text += "{"
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                Self.appendQuoted(value, to: &text)
            }
            text += "}"
        default:
            for value in values { Self.appendQuoted(value, to: &text) }
        }
    }

    /// Appends a value in quotes. Strings have no escapes, so a value that contains `"` gets single quotes.
    private static func appendQuoted(_ value: String, to text: inout String) {
        let quote = value.utf8.contains(UInt8(ascii: "\"")) ? "'" : "\""
        text += quote
        text += value
        text += quote
    }
}
