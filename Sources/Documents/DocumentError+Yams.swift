import Yams

extension DocumentError {
    /// Converts an error of Yams about `text`, with clearer messages for common mistakes.
    init(_ error: any Error, in text: String) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let position = SourcePosition(line: mark.line, column: mark.column, inYAML: text)
            if let mark = YAMLHint.strayMark(in: text) {
                self.init(
                    position: mark, rule: .documentEncoding,
                    message:
                        "this line begins with a byte order mark (U+FEFF), which belongs at the start"
                        + " of a text only: delete it")
                return
            }
            let hint = YAMLHint.text(problem, at: position, in: text).map { "; " + $0 }
            self.init(
                position: position, rule: .yamlSyntax,
                message: "not valid YAML: \(problem)\(hint ?? "")")
        case .reader(let problem, let offset, _, _):
            self.init(
                position: offset.map { SourcePosition(byteOffset: $0, in: Array(text.utf8)) },
                rule: .documentEncoding, message: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let position = SourcePosition(
                line: context.mark.line, column: context.mark.column, inYAML: text)
            let key = keys.first ?? ""
            let mapping = Self.pointer(ofMappingAt: position, in: text)
            let hint =
                mapping.isEmpty
                ? YAMLHint.missingSeparator(keys, at: position, in: text).map { "; " + $0 } : nil
            self.init(
                pointer: mapping, position: position, rule: .documentDuplicateKey,
                message:
                    "the key \"\(key)\" occurs twice in this mapping; the position is that of its first occurrence"
                    + (hint ?? ""))
            pointer = JSONPointer.append(pointer, key)
        default:
            self.init(rule: .yamlSyntax, message: "not valid YAML")
        }
    }

    /// Returns the pointer of the mapping that has a key at `position`; an empty pointer if the mapping cannot be
    /// found.
    ///
    /// Yams does not report the pointer. So this function completes the text before `position` with a key and closing
    /// brackets, and parses the result.
    private static func pointer(ofMappingAt position: SourcePosition, in text: String) -> String {
        let before = Array(text.utf8.prefix(position.byteOffset))
        // Each ending closes brackets that may be open before the error. Each attempt parses the text before the error
        // again, so a long text gets only one attempt.
        for end in ["", "}", "}}", "}]}"].prefix(before.count <= guessedBytes ? 4 : 1) {
            let prefix = String(decoding: before + Array(("k: 0" + end).utf8), as: UTF8.self)
            guard
                let parser = try? Yams.Parser(
                    yaml: prefix, resolver: YAMLTag.markingPlain, encoding: .utf8),
                let root = try? lastRoot(parser)
            else { continue }
            return lastPath(root)
        }
        return ""
    }

    private static func lastRoot(_ parser: Yams.Parser) throws -> Node? {
        var last: Node?
        while let root = try parser.nextRoot() { last = root }
        return last
    }

    /// The maximum size in bytes of a text for which several endings are tried.
    private static let guessedBytes = 16_384

    /// Returns the pointer of the innermost mapping at the end of `root`.
    private static func lastPath(_ root: Node) -> String {
        var pointer = ""
        var path = ""
        var node = root
        while true {
            switch node {
            case .mapping(let mapping):
                guard let last = mapping.reversed().first else { return path }
                path = pointer
                pointer = JSONPointer.append(pointer, last.key.scalar?.string ?? "")
                node = last.value
            case .sequence(let sequence):
                guard let last = sequence.last else { return path }
                pointer = JSONPointer.append(pointer, sequence.count - 1)
                node = last
            case .scalar, .alias: return path
            }
        }
    }
}

extension SourcePosition {
    /// Converts libyaml's `line` and `column`, which both start at 1. libyaml counts Unicode scalars and accepts more
    /// line breaks than JSON.
    init(line: Int, column: Int, inYAML text: String) {
        self = Self.all([(line, column)], inYAML: text)[0]
    }

    /// Converts several positions in one pass over `text`. The results have the order of `marks`.
    static func all(
        _ marks: [(line: Int, column: Int)], inYAML text: String
    ) -> [SourcePosition] {
        var rest = marks.indices.sorted { marks[$0] < marks[$1] }[...]
        var current = SourcePosition(line: 1, column: 1, byteOffset: 0)
        var places = marks.map { _ in current }
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars where !rest.isEmpty {
            let isBreak = "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalar)
            let isSecondHalf = previous == "\r" && scalar == "\n"
            previous = scalar
            if !isSecondHalf {
                while let next = rest.first, marks[next].line <= current.line,
                    isBreak || current.column >= marks[next].column
                {
                    places[next] = current
                    rest.removeFirst()
                }
                current.line += isBreak ? 1 : 0
                current.column = isBreak ? 1 : current.column + 1
            }
            current.byteOffset += UTF8.width(scalar)
        }
        for last in rest { places[last] = current }
        return places
    }
}

/// Advice about common mistakes in texts that are not YAML.
enum YAMLHint {
    /// Returns advice about the usual cause of the parser's `problem` at `position`; nil if the cause is unknown.
    static func text(_ problem: String, at position: SourcePosition?, in text: String) -> String? {
        if let folded = oneLine(text) { return folded }
        guard let position else { return nil }
        let before = text.utf8.prefix(position.byteOffset).last
        let here = text.utf8.dropFirst(position.byteOffset).first
        if here == UInt8(ascii: "\t") {
            return "a tab cannot be used for indentation here: use spaces"
        }
        if problem.hasPrefix("mapping values are not allowed") {
            return
                "put a value that holds \": \" in quotes, and begin each key on its own line"
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
                "a value that begins with a quotation mark ends at the next quotation mark: put the whole value in"
                + " the other kind of quotes"
        }
        if problem.contains("<document start>"), text.utf8.first == UInt8(ascii: "{") {
            return "put several JSON objects in a list: [{…}, {…}]"
        }
        return nil
    }

    /// Returns advice about a text of one line that should have several lines; nil for any other text.
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
            "the text is all in one line, because curl -d removes line breaks: send a file with"
            + " curl -T FILE or --data-binary @FILE"
    }

    /// Returns the position of a byte order mark at the start of a later line; nil if absent. Concatenated files can
    /// have such a mark.
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

    /// Returns advice for a text in which a second document probably begins without `---`; nil for any other text. A
    /// second document is probable if `keys`, the repeated keys, include a key that every document has.
    static func missingSeparator(
        _ keys: [String], at position: SourcePosition, in text: String
    ) -> String? {
        // Only these four keys are searched for, because a hostile text may repeat thousands of keys.
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
