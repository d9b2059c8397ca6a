import Documents

/// Words to search for in the text of a row. A row matches if the row contains all the words.
///
/// Spaces separate words. Text in double quotes is a phrase, whose words must follow one another in the row. A string
/// such as `alice@example.org` is also a phrase, because `@` cannot be part of a word. A `*` at the end of a word or
/// phrase stands for any ending.
package struct AuditText: Hashable, Sendable {
    package struct Term: Hashable, Sendable {
        /// At least one word. The words must follow one another.
        package var words: [String]
        /// True if the last word matches every word that begins with it.
        package var isPrefix: Bool
    }

    /// The minimum number of characters before a `*`. With fewer characters, a search would match half of all rows.
    package static let minimumPrefix = 3
    /// The maximum number of words in a search.
    package static let maximumWords = 32

    package let terms: [Term]

    /// Reads the words and phrases in `text`. Throws if `text` has no word, more than `maximumWords` words, fewer than
    /// `minimumPrefix` characters before a `*`, or an unclosed quote. An unclosed quote is refused, because the author
    /// of the text may not have meant a phrase.
    package init(_ text: String) throws(AuditTextError) {
        guard text.unicodeScalars.count(where: { $0 == "\"" }).isMultiple(of: 2) else {
            throw .openQuote
        }
        var terms: [Term] = []
        for (piece, isPrefix) in Self.pieces(text) {
            let words = AuditWords.split(piece)
            guard let last = words.last else { continue }
            if isPrefix, last.unicodeScalars.count < Self.minimumPrefix {
                throw .shortPrefix(last)
            }
            terms.append(Term(words: words, isPrefix: isPrefix))
        }
        guard !terms.isEmpty else { throw .noWord }
        guard terms.reduce(0, { $0 + $1.words.count }) <= Self.maximumWords else {
            throw .tooManyWords
        }
        self.terms = terms
    }

    /// Splits `text` at the spaces outside of quotes and at every opening quote. `isPrefix` is true for a part that
    /// ends in `*`.
    private static func pieces(_ text: String) -> [(text: String, isPrefix: Bool)] {
        var pieces: [(String, Bool)] = []
        var piece = ""
        var isQuoted = false
        func end() {
            let isPrefix = piece.hasSuffix("*")
            if !piece.isEmpty { pieces.append((piece, isPrefix)) }
            piece = ""
        }
        for scalar in text.unicodeScalars {
            if scalar == "\"" {
                // An opening quote ends the current piece. A closing quote becomes a space and does not end the piece,
                // because a `*` directly after the quote belongs to the phrase.
                if isQuoted { piece += " " } else { end() }
                isQuoted.toggle()
            } else if !isQuoted, scalar.properties.isWhitespace {
                end()
            } else if isQuoted, scalar == "*" {
                // A star inside of quotes is not a wildcard. It becomes a space, because no word contains a star.
                piece += " "
            } else {
                piece.unicodeScalars.append(scalar)
            }
        }
        end()
        return pieces
    }

    /// Returns true if each term occurs in at least one column of the row. Letter case does not matter.
    package func matches(_ record: AuditRecord) -> Bool {
        let columns = AuditWords.columns(of: record).map { $0.map { $0.lowercased() } }
        return terms.allSatisfy { term in columns.contains { Self.contains($0, term) } }
    }

    private static func contains(_ words: [String], _ term: Term) -> Bool {
        let asked = term.words.map { $0.lowercased() }
        guard words.count >= asked.count else { return false }
        return (0...(words.count - asked.count)).contains { start in
            asked.indices.allSatisfy { index in
                let word = words[start + index]
                let isOpen = term.isPrefix && index == asked.count - 1
                return isOpen ? word.hasPrefix(asked[index]) : word == asked[index]
            }
        }
    }
}

/// The reason why the ledger cannot be searched for the given words.
package enum AuditTextError: Error, Hashable, Sendable {
    case noWord
    case openQuote
    case shortPrefix(String)
    case tooManyWords

    /// The part of the error message that follows the name of the query parameter.
    package var message: String {
        switch self {
        case .noWord: "has no letter or digit in it"
        case .openQuote: "has a quote that is not closed"
        case .shortPrefix(let word):
            "needs \(AuditText.minimumPrefix) characters or more before a *, not '\(word)'"
        case .tooManyWords: "may have at most \(AuditText.maximumWords) words"
        }
    }
}

/// Splits a row into the words that are stored in the full-text index.
///
/// To remove a row, the index needs the same words that were added for the row. So a change to this enum needs a schema
/// step that empties the index.
package enum AuditWords {
    /// The characters that a word may contain besides letters and digits. With these characters, a name, a label, an
    /// address or a network is one word.
    private static let marks: Set<Unicode.Scalar> = ["-", "_", ".", "/", ":"]

    /// The names of the index's columns, in the order of `columns(of:)`.
    package static let columnNames = [
        "name", "region", "actor", "reason", "ticket", "detail", "before", "after",
    ]

    /// Returns the words of each column.
    package static func columns(of record: AuditRecord) -> [[String]] {
        let plain = [record.name, record.region, record.actor, record.reason, record.ticket]
        let documents = [record.detail, record.before, record.after]
        return plain.map { $0.map(split) ?? [] } + documents.map { $0.map(ofDocument) ?? [] }
    }

    /// Returns the words of a text. A word consists of letters, digits and characters of `marks`. A word has at least
    /// one letter or digit, and does not end in a full stop or colon.
    package static func split(_ text: String) -> [String] {
        // Cuts words out of the text as slices, because the index splits every text of every row.
        text.unicodeScalars.split { !isOfWord($0) }.compactMap { part in
            var word = part
            while let last = word.last, last == "." || last == ":" { word.removeLast() }
            return word.contains { !marks.contains($0) } ? String(word) : nil
        }
    }

    /// Returns the words of the member names and values of a JSON text, in the order of the text.
    private static func ofDocument(_ text: String) -> [String] {
        guard let document = try? JSONParser.parse(Array(text.utf8)) else { return split(text) }
        var words: [String] = []
        append(document, to: &words)
        return words
    }

    private static func append(_ value: JSONValue, to words: inout [String]) {
        switch value {
        case .null: break
        case .bool(let value): words.append(value ? "true" : "false")
        case .number(let number): words += split(number.literal)
        case .string(let text): words += split(text)
        case .array(let elements): for element in elements { append(element, to: &words) }
        case .object(let object):
            for (key, value) in object {
                words += split(key)
                append(value, to: &words)
            }
        }
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar) || marks.contains(scalar)
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
            return true
        default: return false
        }
    }
}
