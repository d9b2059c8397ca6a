import Documents

extension SelectorNode {
    /// Whether `labels` satisfy this node, exactly as Calico's evaluator decides.
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
    /// Whether a label's value satisfies the comparison; an absent label satisfies only the negative ones.
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
    /// Whether the array, which is in byte order, holds the very bytes of `value`.
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
    /// Whether `other` occurs in these bytes; the empty string occurs in everything.
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
