extension SelectorLexer {
    /// The error for what is at `offset`: a better one than `message` where an editor or another syntax put it there.
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
                "a line break, which no selector may have: write it in one line, in YAML without | or >"
            )
        }
        + ["\u{A0}", "\u{202F}", "\u{200B}", "\u{FEFF}"].map {
            ($0, "a space that is none to a selector, such as web pages have: type a plain one")
        }
        + ["\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{201E}", "\u{AB}", "\u{BB}"].map {
            ($0, "a typographic quotation mark: write ' or \"")
        }
        + ["\"", "'"].map { ($0, "a label is written without quotation marks") }
        + [("*", "a * matches nothing in a selector; to pick everything write all()")]
}
