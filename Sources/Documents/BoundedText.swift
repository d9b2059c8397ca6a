extension String {
    /// Returns the string, cut to at most `limit` bytes of UTF-8. A string is cut only between two Unicode scalars,
    /// and then gets an additional `…` at its end. The limit is in bytes and not in characters, because a character of
    /// Swift can have any number of bytes.
    package func cut(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }

    /// Returns true if the string consists of 1 to `maximumBytes` characters of `[A-Za-z0-9._-]`. Such a string needs
    /// no quotes in a header, a log line or a file.
    package func isPlainIdentifier(maximumBytes: Int) -> Bool {
        (1...maximumBytes).contains(utf8.count)
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
