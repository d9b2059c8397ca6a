/// Advice about a text that is no YAML, for the mistakes that people make often.
enum YAMLHint {
    /// The usual cause of the parser's `problem` at `position`; nil when there is none.
    static func text(_ problem: String, at position: SourcePosition?, in text: String) -> String? {
        if let folded = oneLine(text) { return folded }
        guard let position else { return nil }
        let before = text.utf8.prefix(position.byteOffset).last
        let here = text.utf8.dropFirst(position.byteOffset).first
        if here == UInt8(ascii: "\t") { return "a tab cannot indent here: use spaces" }
        if problem.hasPrefix("mapping values are not allowed") {
            return
                "put a value that holds \": \" in quotes, and begin each key in a line of its own"
        }
        switch (problem.hasPrefix("did not find expected alphabetic"), before, here) {
        case (true, UInt8(ascii: "*"), _), (true, UInt8(ascii: "&"), _),
            (_, _, UInt8(ascii: "@")), (_, _, UInt8(ascii: "`")), (_, _, UInt8(ascii: "%")):
            return "put a value that begins with this character in quotes"
        default: break
        }
        let line = text.utf8.prefix(position.byteOffset).reversed().prefix { $0 != 0x0A }
        if problem.hasPrefix("did not find expected key"), line.contains(where: isQuote) {
            return
                "a value that begins with a quotation mark ends at the next one: put all of it in"
                + " the other kind of quotes"
        }
        if problem.contains("<document start>"), text.utf8.first == UInt8(ascii: "{") {
            return "put several JSON objects in a list: [{…}, {…}]"
        }
        return nil
    }

    /// Explains a text of one line that should have several; nil for any other.
    static func oneLine(_ text: String) -> String? {
        guard !text.isEmpty, !text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            return nil
        }
        let isComment = text.utf8.first { $0 != 0x20 } == UInt8(ascii: "#")
        let colons = zip(text.utf8, text.utf8.dropFirst()).count {
            $0 == UInt8(ascii: ":") && $1 == UInt8(ascii: " ")
        }
        guard isComment || colons > 1 else { return nil }
        return
            "the text is all in one line, because curl -d takes out line breaks: send a file with"
            + " curl -T FILE or --data-binary @FILE"
    }

    /// The place of a byte order mark that begins a line further down, as files have it that were joined; nil when
    /// there is none.
    static func strayMark(in text: String) -> SourcePosition? {
        let bytes = Array(text.utf8)
        var start = bytes.startIndex
        while let found = bytes[start...].firstIndex(of: 0xEF) {
            if found > 0, bytes[found - 1] == 0x0A,
                bytes[found...].starts(with: [0xEF, 0xBB, 0xBF])
            {
                return SourcePosition(byteOffset: found, in: bytes)
            }
            start = found + 1
        }
        return nil
    }

    /// Says where a second document begins that no `---` separates from the first one; nil when the repeated `keys`
    /// are not those that every document has.
    static func missingSeparator(
        _ keys: [String], at position: SourcePosition, in text: String
    ) -> String? {
        // No others are looked for: a text may repeat thousands of keys.
        let keys = ["apiVersion", "kind", "metadata", "spec"].filter(keys.contains)
        guard position.column == 1, !keys.isEmpty else { return nil }
        var seen: Set<String> = []
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if line.starts(with: "---".utf8) { seen = [] }
            guard let key = keys.first(where: { line.starts(with: ($0 + ":").utf8) }) else {
                continue
            }
            if !seen.insert(key).inserted, index >= position.line {
                return
                    "if another document begins in line \(index + 1), put a line with --- before it"
            }
        }
        return nil
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }
}
