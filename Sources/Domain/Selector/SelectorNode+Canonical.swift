extension SelectorNode {
    /// Appends the text that Calico's own `String()` gives for this node.
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

    /// Strings have no escapes: a value with `"` in it was written in the other quote.
    private static func appendQuoted(_ value: String, to text: inout String) {
        let quote = value.utf8.contains(UInt8(ascii: "\"")) ? "'" : "\""
        text += quote
        text += value
        text += quote
    }
}
