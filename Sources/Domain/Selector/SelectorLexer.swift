/// One token of a selector, and the position of the token in the bytes of the text.
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
    /// The byte offset of the token.
    let start: Int
    /// The byte range of a label or string, or of the label inside `has()`; empty for other kinds.
    var text: Range<Int> = 0..<0
}

/// Splits a selector into tokens by the rules of Calico's tokenizer. The words `in`, `not in`, `contains`, `starts
/// with` and `ends with` are operators only directly after a label.
struct SelectorLexer {
    let bytes: [UInt8]
    private var position = 0
    /// The byte range of the previous token if that token is a label; otherwise nil.
    private var label: Range<Int>?

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Returns the next token; `.end` after the last token.
    mutating func next() throws(SelectorError) -> SelectorToken {
        skipSpaces()
        let start = position
        guard start < bytes.count else { return SelectorToken(kind: .end, start: start) }
        let token = if let mark = try punctuation(bytes[start]) { mark } else { try word() }
        label = token.kind == .label ? token.text : nil
        return token
    }

    /// Returns the text of `range`, which must lie on token boundaries.
    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func error(at offset: Int, _ message: String) -> SelectorError {
        SelectorError(offset: offset, in: bytes, message)
    }

    private mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
        }
    }

    private mutating func punctuation(_ byte: UInt8) throws(SelectorError) -> SelectorToken? {
        switch byte {
        case UInt8(ascii: "("): take(1, .leftParenthesis)
        case UInt8(ascii: ")"): take(1, .rightParenthesis)
        case UInt8(ascii: "{"): take(1, .leftBrace)
        case UInt8(ascii: "}"): take(1, .rightBrace)
        case UInt8(ascii: ","): take(1, .comma)
        case UInt8(ascii: "!"): follows(byte: "=") ? take(2, .comparison(.notEqual)) : take(1, .not)
        case UInt8(ascii: "="): try double(byte, .comparison(.equal))
        case UInt8(ascii: "&"): try double(byte, .and)
        case UInt8(ascii: "|"): try double(byte, .or)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): try string(closedBy: byte)
        default: nil
        }
    }

    private mutating func take(_ count: Int, _ kind: SelectorToken.Kind) -> SelectorToken {
        defer { position += count }
        return SelectorToken(kind: kind, start: position)
    }

    private func follows(byte: Unicode.Scalar) -> Bool {
        position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: byte)
    }

    private mutating func double(
        _ byte: UInt8, _ kind: SelectorToken.Kind
    ) throws(SelectorError) -> SelectorToken {
        let sign = Unicode.Scalar(byte)
        guard follows(byte: sign) else {
            throw error(at: position, "expected \(sign)\(sign), found a single \(sign)")
        }
        return take(2, kind)
    }

    private mutating func string(closedBy quote: UInt8) throws(SelectorError) -> SelectorToken {
        let start = position
        guard let end = bytes[(start + 1)...].firstIndex(of: quote) else {
            throw error(at: start, "this string has no closing \(Unicode.Scalar(quote))")
        }
        position = end + 1
        return SelectorToken(kind: .string, start: start, text: start + 1..<end)
    }
}

extension SelectorLexer {
    private mutating func word() throws(SelectorError) -> SelectorToken {
        let start = position
        if let label { return try operatorWord(after: string(label)) }
        if skip("has(") { return try hasCall(start) }
        if skip("all(") { return try emptyCall(start, "all", .all) }
        if skip("global(") { return try emptyCall(start, "global", .global) }
        return SelectorToken(kind: .label, start: start, text: try identifier())
    }

    private mutating func operatorWord(
        after label: String
    ) throws(SelectorError) -> SelectorToken {
        let start = position
        for (words, operation) in Self.operatorWords where skip(words) {
            return SelectorToken(kind: .comparison(operation), start: start)
        }
        let hint = Self.functions[label.lowercased()] ?? ""
        throw unexpected(
            at: start,
            "expected an operator after the label \(label):"
                + " ==, !=, in, not in, contains, starts with or ends with\(hint)")
    }

    /// The hints for labels that were probably meant as functions.
    private static let functions = [
        "has": "; to test that a label exists: has(label)", "not": "; to negate: !has(label)",
    ]

    private static let operatorWords: [([StaticString], SelectorComparison.Operator)] = [
        (["contains"], .contains), (["starts", "with"], .startsWith),
        (["ends", "with"], .endsWith),
        (["not", "in"], .notInSet), (["in"], .inSet),
    ]

    /// Skips `words` if they come next and no label character follows them. Spaces between the words are optional
    /// (`notin`). Returns true if the words were skipped.
    private mutating func skip(_ words: [StaticString]) -> Bool {
        let start = position
        for word in words {
            skipSpaces()
            guard skip(word) else {
                position = start
                return false
            }
        }
        if position < bytes.count, Self.isLabelByte(bytes[position]) {
            position = start
            return false
        }
        return true
    }

    /// Skips `literal` if it comes next. Returns true if it was skipped.
    private mutating func skip(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        let matches = literal.withUTF8Buffer {
            $0.elementsEqual(bytes[position..<position + count])
        }
        if matches { position += count }
        return matches
    }

    private mutating func hasCall(_ start: Int) throws(SelectorError) -> SelectorToken {
        skipSpaces()
        let label = try identifier()
        skipSpaces()
        guard skip(")") else { throw error(at: position, "expected ) to close has(") }
        return SelectorToken(kind: .has, start: start, text: label)
    }

    private mutating func emptyCall(
        _ start: Int, _ name: String, _ kind: SelectorToken.Kind
    ) throws(SelectorError) -> SelectorToken {
        skipSpaces()
        guard skip(")") else { throw error(at: position, "expected ) right after \(name)(") }
        return SelectorToken(kind: kind, start: start)
    }

    private mutating func identifier() throws(SelectorError) -> Range<Int> {
        let start = position
        while position < bytes.count, Self.isLabelByte(bytes[position]) { position += 1 }
        guard position > start else {
            throw unexpected(
                at: start, "expected a label name (letters, digits, '_', '.', '/', '-')")
        }
        guard position - start <= Selector.maxLabelLength else {
            throw error(
                at: start,
                "this label name has \(position - start) characters,"
                    + " at most \(Selector.maxLabelLength) are allowed")
        }
        return start..<position
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "/"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension SelectorLexer {
    /// Returns the error at `offset`. If the character at `offset` is typical of an editor or of another syntax, the
    /// error has a more helpful message than `message`.
    func unexpected(at offset: Int, _ message: String) -> SelectorError {
        let rest = bytes[offset...]
        for (text, hint) in Self.strays where rest.starts(with: text.utf8) {
            return error(at: offset, hint)
        }
        return error(at: offset, message)
    }

    private static let strays: [(text: String, hint: String)] =
        ["\n", "\r"].map {
            (
                $0,
                "a selector must not have a line break: write it in one line, in YAML without | or >"
            )
        }
        + ["\u{A0}", "\u{202F}", "\u{200B}", "\u{FEFF}"].map {
            ($0, "this is a special space, often copied from a web page: type a plain space")
        }
        + ["\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{201E}", "\u{AB}", "\u{BB}"].map {
            ($0, "a typographic quotation mark: write ' or \"")
        }
        + ["\"", "'"].map { ($0, "a label is written without quotation marks") }
        + [("*", "* is not a wildcard in a selector; to match everything, write all()")]
}

/// The reason why a string is not a selector, and the position of the mistake.
package struct SelectorError: Error, Hashable, Sendable {
    /// The offset of the mistake in UTF-8 bytes from the start of the selector.
    package let offset: Int
    /// The position of the mistake for people, in Unicode scalars, starting at 1.
    package let column: Int
    /// The message about the mistake. It begins in lower case and has no full stop.
    package let message: String

    /// Creates an error. The `offset` is a position in `bytes`. The `offset` of a mistake at the end of the text is
    /// `bytes.count`.
    init(offset: Int, in bytes: [UInt8], _ message: String) {
        self.offset = offset
        // Scalars are counted by their first bytes. A first byte is every byte that is not a continuation byte (RFC
        // 3629).
        self.column = 1 + bytes.prefix(offset).count { $0 & 0xC0 != 0x80 }
        self.message = message
    }
}

extension SelectorError: CustomStringConvertible {
    package var description: String { "column \(column): \(message)" }
}
