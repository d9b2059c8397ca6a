extension Timestamp {
    /// The forms that `init(asked:now:)` reads, for a message that says what would be right.
    package static let askedForms =
        "a time such as 2026-03-01T12:00:00Z, a date such as 2026-03-01 (its midnight in UTC), or a duration "
        + "before now such as 90s, 15m, 1h, 7d or 2w"

    /// The same in a URL.
    package static let askedFormsInURL = askedForms + ". In a URL, + is %2B"

    private static let units: [Character: Int64] = [
        "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800,
    ]

    /// A moment as people ask for it: an RFC 3339 time, a date, which means its midnight in UTC, or a duration
    /// before `now`, a number with one of the units s, m, h, d and w.
    package init?(asked text: String, now: Timestamp) {
        if let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z") {
            self = time
            return
        }
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ Self.units[$0] }), (1...9).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
        else { return nil }
        // Nine digits of weeks are more microseconds than a number holds, and no row is older than 1970.
        let seconds = count * unit
        let isBefore1970 = seconds >= now.microseconds / 1_000_000
        self.init(
            microseconds: isBefore1970 ? 0 : now.microseconds - seconds * 1_000_000)
    }
}
