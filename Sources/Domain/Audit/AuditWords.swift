import Documents

/// The words of a row, as the index of texts has them.
///
/// What is in an index was made by this code and can only be taken out with the same words: a change here
/// needs a step of the schema that empties the index.
package enum AuditWords {
    /// Marks that belong to a word, so that names, labels, addresses and networks are words.
    private static let marks: Set<Unicode.Scalar> = ["-", "_", ".", "/", ":"]

    /// The columns of the index, in the order of `columns(of:)`.
    package static let columnNames = [
        "name", "region", "actor", "reason", "ticket", "detail", "before", "after",
    ]

    /// The words of each column.
    package static func columns(of record: AuditRecord) -> [[String]] {
        let plain = [record.name, record.region, record.actor, record.reason, record.ticket]
        let documents = [record.detail, record.before, record.after]
        return plain.map { $0.map(split) ?? [] } + documents.map { $0.map(ofDocument) ?? [] }
    }

    /// Letters, digits and marks that belong to a word; a full stop or colon behind one does not.
    package static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func end() {
            while let last = word.last, last == "." || last == ":" { word.removeLast() }
            if word.contains(where: { !marks.contains($0) }) { words.append(String(word)) }
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if isOfWord(scalar) { word.append(scalar) } else if !word.isEmpty { end() }
        }
        end()
        return words
    }

    /// The names of members and the values of a JSON text, as they stand in it.
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
            return marks.contains(scalar) || ("a"..."z").contains(scalar)
                || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
            return true
        default: return false
        }
    }
}
