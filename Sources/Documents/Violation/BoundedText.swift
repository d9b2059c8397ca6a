extension String {
    /// The first `limit` bytes of UTF-8 at most, cut between two characters (Unicode scalars), and `…` for what is
    /// left out. What people see as one character can be any number of bytes, so it is no measure.
    package func cut(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }
}
