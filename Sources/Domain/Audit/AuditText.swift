/// Words to look for in the text of a row: all of them must be there.
///
/// Words are separated by spaces. What stands in double quotes, and a word such as `alice@example.org`
/// that has other marks in it, is a phrase: its parts must follow one another. A `*` at the end stands
/// for any ending.
package struct AuditText: Hashable, Sendable {
    package struct Term: Hashable, Sendable {
        /// At least one; they must follow one another.
        package var words: [String]
        /// Whether the last word may go on.
        package var isPrefix: Bool
    }

    /// Characters that a word with a `*` must have before it: shorter ones would match half of all rows.
    package static let minimumPrefix = 3
    /// How many words may be asked for.
    package static let maximumWords = 32

    package let terms: [Term]

    /// Throws when there is no word in `text`, too many, a `*` behind too short a word, or a quote that is not
    /// closed: whether it was meant as one nobody can tell.
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

    /// The parts of `text` between spaces outside of quotes.
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
                // A closing quote does not end the piece: a star may follow it.
                if isQuoted { piece += " " } else { end() }
                isQuoted.toggle()
            } else if !isQuoted, scalar.properties.isWhitespace {
                end()
            } else if isQuoted, scalar == "*" {
                piece += " "
            } else {
                piece.unicodeScalars.append(scalar)
            }
        }
        end()
        return pieces
    }

    /// Whether every term is in one of the row's texts; upper and lower case are the same here.
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

/// Why a text cannot be looked for.
package enum AuditTextError: Error, Hashable, Sendable {
    case noWord
    case openQuote
    case shortPrefix(String)
    case tooManyWords

    /// What is wrong, as the end of a sentence.
    package var message: String {
        switch self {
        case .noWord: "has no letter or digit in it"
        case .openQuote: "has a quote that is not closed"
        case .shortPrefix(let word):
            "needs \(AuditText.minimumPrefix) characters or more before a *, not '\(word)'"
        case .tooManyWords: "may have \(AuditText.maximumWords) words at most"
        }
    }
}
