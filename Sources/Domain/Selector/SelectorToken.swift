/// One token of a selector and the bytes it came from.
struct SelectorToken {
    enum Kind: Equatable {
        case label, string
        case has, all, global
        case comparison(SelectorComparison.Operator)
        case not, and, or
        case leftParenthesis, rightParenthesis
        case leftBrace, rightBrace, comma
        case end
    }

    let kind: Kind
    /// Where the token starts, in bytes.
    let start: Int
    /// What a label or string says, or the label inside `has()`; empty for the other kinds.
    var text: Range<Int> = 0..<0
}
