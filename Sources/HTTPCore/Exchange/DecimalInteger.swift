extension FixedWidthInteger {
    /// Reads digits, with a `-` before them for a signed type; nil for anything else, and for a number that
    /// does not fit. Swift's own reading also takes a `+`.
    package init?(decimal text: some StringProtocol) {
        guard let first = text.utf8.first, first != UInt8(ascii: "+") else { return nil }
        self.init(text, radix: 10)
    }
}
