import Documents

/// Builds the expression of a selector. An explicit stack holds the open parentheses, so no input can exhaust the
/// thread's stack. The time is linear in the length of the text.
struct SelectorParser {
    private var lexer: SelectorLexer
    private var token = SelectorToken(kind: .end, start: 0)

    init(_ text: String) { lexer = SelectorLexer(text) }

    /// The operands that were read since an open parenthesis or since the start.
    private struct Group {
        /// The finished operands of `||`.
        var alternatives: [SelectorNode] = []
        /// The operands of the `&&` chain that is being read.
        var terms: [SelectorNode] = []
        /// True if an odd number of `!` comes before the parenthesis.
        var isNegated = false
        /// The byte offset of the parenthesis.
        var start = 0

        mutating func append(_ node: SelectorNode, negated: Bool) {
            terms.append(negated ? .not(node) : node)
        }

        mutating func endAlternative() {
            alternatives.append(terms.count == 1 ? terms[0] : .and(terms))
            terms.removeAll(keepingCapacity: true)
        }

        /// Ends the last alternative and returns the whole group as one node.
        mutating func close() -> SelectorNode {
            endAlternative()
            return alternatives.count == 1 ? alternatives[0] : .or(alternatives)
        }
    }

    mutating func parse() throws(SelectorError) -> SelectorNode {
        try advance()
        if token.kind == .end { return .all }
        var outer: [Group] = []
        var group = Group()
        while true {
            let negated = try skipNegations()
            if token.kind == .leftParenthesis {
                outer.append(group)
                group = Group(isNegated: negated, start: token.start)
                guard outer.count <= Selector.maxNesting else { throw tooDeep() }
                try advance()
                continue
            }
            group.append(try operand(), negated: negated)
            while token.kind == .rightParenthesis, var parent = outer.popLast() {
                parent.append(group.close(), negated: group.isNegated)
                group = parent
                try advance()
            }
            switch token.kind {
            case .and: break
            case .or: group.endAlternative()
            case .end where outer.isEmpty: return group.close()
            default: throw unexpectedContinuation(openedAt: outer.isEmpty ? nil : group.start)
            }
            try advance()
        }
    }

    private mutating func advance() throws(SelectorError) { token = try lexer.next() }

    /// Skips any number of `!`. Returns true if the number is odd, because the next operand is then negated.
    private mutating func skipNegations() throws(SelectorError) -> Bool {
        var negated = false
        while token.kind == .not {
            negated.toggle()
            try advance()
        }
        return negated
    }

    private mutating func operand() throws(SelectorError) -> SelectorNode {
        let first = token
        switch first.kind {
        case .all, .global, .has, .label: try advance()
        case .string:
            throw lexer.error(
                at: first.start,
                "expected a label, found a string: write the label first, and without quotation marks"
            )
        default: throw unexpectedOperand()
        }
        switch first.kind {
        case .all: return .all
        case .global: return .global
        case .has: return .has(lexer.string(first.text))
        default: return .comparison(try comparison(of: first))
        }
    }

    private mutating func comparison(
        of label: SelectorToken
    ) throws(SelectorError) -> SelectorComparison {
        guard case .comparison(let operation) = token.kind else {
            let name = lexer.string(label.text)
            let isCall = ["all", "global"].contains(name.lowercased())
            throw lexer.error(
                at: token.start,
                "expected an operator after the label \(name); "
                    + (isCall
                        ? "the function is \(name.lowercased())()"
                        : "to test that the label exists: has(\(name))"))
        }
        try advance()
        let isSet = operation == .inSet || operation == .notInSet
        let values =
            isSet ? try setLiteral(after: operation) : [try stringLiteral(after: operation)]
        return SelectorComparison(
            label: lexer.string(label.text), operation: operation, values: values)
    }

    private mutating func stringLiteral(
        after operation: SelectorComparison.Operator
    ) throws(SelectorError) -> String {
        guard token.kind == .string else {
            throw lexer.error(
                at: token.start, "expected a quoted string after \(operation.rawValue)")
        }
        let value = lexer.string(token.text)
        try advance()
        return value
    }

    /// Reads a set such as `{ "a", 'b', }`. A set has any number of strings. One comma after the last string is
    /// allowed.
    private mutating func setLiteral(
        after operation: SelectorComparison.Operator
    ) throws(SelectorError) -> [String] {
        guard token.kind == .leftBrace else {
            throw lexer.error(
                at: token.start,
                "expected { after \(operation.rawValue), as in \(operation.rawValue) {'a', 'b'}")
        }
        try advance()
        var values: [String] = []
        while token.kind == .string {
            values.append(lexer.string(token.text))
            try advance()
            guard token.kind == .comma else { break }
            try advance()
        }
        guard token.kind == .rightBrace else {
            throw lexer.error(
                at: token.start, "expected \(values.isEmpty ? "a string or }" : "a comma or }")")
        }
        try advance()
        return Self.inByteOrder(values)
    }

    private static func inByteOrder(_ values: [String]) -> [String] {
        guard values.count > 1 else { return values }
        var ordered: [String] = []
        for value in values.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where !(ordered.last?.isExactly(value) ?? false) {
            ordered.append(value)
        }
        return ordered
    }
}

extension SelectorParser {
    private func tooDeep() -> SelectorError {
        lexer.error(
            at: token.start, "more than \(Selector.maxNesting) nested parentheses")
    }

    private func unexpectedOperand() -> SelectorError {
        let expected = "expected an expression such as has(label) or label == \"value\""
        return lexer.error(
            at: token.start,
            token.kind == .end ? "\(expected), the selector ends here" : expected)
    }

    private func unexpectedContinuation(openedAt start: Int?) -> SelectorError {
        switch (token.kind, start) {
        case (.end, let start?):
            let opened = lexer.error(at: start, "").column
            return lexer.error(at: token.start, "expected ) for the ( at column \(opened)")
        case (.rightParenthesis, _):
            return lexer.error(at: token.start, "this ) has no matching (")
        default:
            let word = token.kind == .label ? lexer.string(token.text).lowercased() : ""
            let hint = ["and": "; write && for it", "or": "; write || for it"][word] ?? ""
            return lexer.error(
                at: token.start, "expected && or || between two expressions\(hint)")
        }
    }
}
