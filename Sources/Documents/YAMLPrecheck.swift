/// Refuses texts with keys that would cost too much to compare.
///
/// Yams replaces each alias by a copy and then hashes whole keys, including lists and mappings. Yams hashes the keys
/// before `DocumentLimits` can apply, so a few nested aliases in a key would take hours. This check estimates the cost
/// from the bytes alone. If in doubt, the estimate is too high. The estimate is zero for a text in which no key is a
/// list, a mapping or an alias. Real documents have no such keys.
enum YAMLKeyCost {
    /// The maximum estimated cost, in hashed bytes. Hashing so many bytes takes much less than a second.
    private static let limit = 10_000_000.0

    static func check(_ bytes: [UInt8]) throws(DocumentError) {
        let scan = Scan(bytes)
        guard scan.cost > limit else { return }
        throw DocumentError(
            rule: .yamlKey,
            message:
                "the document has too many keys that are lists, mappings or aliases; use plain words as keys"
        )
    }

    /// Counts the positions in a text that may begin or end a key that is not a plain scalar.
    private struct Scan {
        let size: Int
        /// The number of `?` that may begin a key and do not follow a word.
        var explicitKeys = 0
        /// The number of `?` directly after a word. Such a `?` can begin a key only if the word is the name of an
        /// alias.
        var questionsBehindWords = 0
        /// The number of closing brackets with a colon after them. A key that ends with such a bracket has at most
        /// 1,024 bytes (YAML 1.1 section 9.2.2).
        var bracketKeys = 0
        /// The number of aliases with a colon after them.
        var aliasKeys = 0
        var aliases = 0

        init(_ bytes: [UInt8]) {
            size = bytes.count
            for (offset, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "?"):
                    if offset > 0, bytes[offset - 1].isWordByte {
                        questionsBehindWords += 1
                    } else {
                        explicitKeys += 1
                    }
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    if Self.isColon(behind: offset, bytes) { bracketKeys += 1 }
                case UInt8(ascii: "*"):
                    let name = bytes[(offset + 1)...].prefix(while: \.isWordByte)
                    guard !name.isEmpty else { continue }
                    aliases += 1
                    if Self.isColon(behind: offset + name.count, bytes) { aliasKeys += 1 }
                default: break
                }
            }
        }

        /// The estimated cost in hashed bytes. When n aliases are replaced by copies, a text grows to less than 1.5ⁿ
        /// times its size, for any nesting.
        var cost: Double {
            let size = Double(size)
            guard aliases > 0 else {
                return Double(explicitKeys) * size + Double(bracketKeys) * 1_024
            }
            let keys = explicitKeys + questionsBehindWords + bracketKeys + aliasKeys
            guard keys > 0 else { return 0 }
            // At most 64 factors are multiplied, because 64 factors of 1.5 already exceed the limit.
            return Double(keys) * size * (0..<min(aliases, 64)).reduce(1) { cost, _ in cost * 1.5 }
        }

        private static func isColon(behind offset: Int, _ bytes: [UInt8]) -> Bool {
            bytes[(offset + 1)...].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
                == UInt8(ascii: ":")
        }
    }
}

extension UInt8 {
    /// True if the byte may be part of an anchor's name or of a character outside ASCII.
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }
}

/// Refuses texts with many `%TAG` directives. A document that can be written in JSON needs no directives.
///
/// libyaml compares each directive with all earlier directives (`yaml_parser_append_tag_directive` in its parser.c),
/// so the time for such a text grows with the square of its length.
enum YAMLDirectives {
    static let limit = 16

    static func check(_ bytes: [UInt8]) throws(DocumentError) {
        var count = 0
        var isLineStart = true
        for (offset, byte) in bytes.enumerated() {
            if isLineStart, byte == UInt8(ascii: "%"), bytes[offset...].starts(with: "%TAG".utf8) {
                count += 1
                guard count <= limit else {
                    throw DocumentError(
                        position: SourcePosition(byteOffset: offset, in: bytes),
                        rule: .documentTooManyDirectives,
                        message:
                            "the document has more than \(limit) %TAG directives; leave them out, because this"
                            + " server does not need them"
                    )
                }
            }
            isLineStart = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        }
    }
}
