/// Reads the date-times of RFC 3339 section 5.6, such as `2026-11-23T05:00:00Z`.
package enum RFC3339 {
    /// The accepted variants of the format. The RFC leaves a few details open.
    package enum Form: Sendable {
        /// The form for times from people and other programs. It accepts `t`, `z`, a space instead of `T`, and a leap
        /// second. A leap second is read as the second after it.
        case lenient
        /// The form of Go's `time.Parse` for Kubernetes' timestamps: capital letters, and seconds up to 59. This form
        /// refuses every text that Calico would refuse.
        case go
    }

    /// Returns true if `text` is a date-time in the given form and each part is in its range.
    package static func isTimestamp(_ text: String, as form: Form) -> Bool {
        microseconds(text, as: form) != nil
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z. Ignores digits below a microsecond. Returns nil if the text
    /// is not a date-time.
    package static func microseconds(_ text: String, as form: Form) -> Int64? {
        let isGo = form == .go
        var reader = Digits(rest: Array(text.utf8)[...])
        guard let year = reader.number(4), reader.skip("-"),
            let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), isGo ? reader.skip("T") : reader.skip("T", "t", " "),
            let hour = reader.number(2), reader.skip(":"),
            let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2),
            (1...12).contains(month), (1...length(ofMonth: month, year: year)).contains(day),
            hour < 24, minute < 60, second <= (isGo ? 59 : 60),
            let fraction = reader.fraction(),
            let offset = reader.offset(isGo ? ["Z"] : ["Z", "z"]),
            reader.rest.isEmpty
        else { return nil }
        let seconds = hour * 3_600 + minute * 60 + second - offset * 60
        return days(year: year, month: month, day: day) * 86_400_000_000 + seconds * 1_000_000
            + fraction
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Returns the days since 1970-01-01 in the proleptic Gregorian calendar.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        // Years start in March in this calculation, so that a leap day is the last day of its year.
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// Reads the fixed-width fields of a date-time.
private struct Digits {
    var rest: ArraySlice<UInt8>

    mutating func number(_ width: Int) -> Int64? {
        guard rest.count >= width else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(width) {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        rest = rest.dropFirst(width)
        return value
    }

    mutating func skip(_ characters: Unicode.Scalar...) -> Bool { skip(characters) }

    private mutating func skip(_ characters: [Unicode.Scalar]) -> Bool {
        guard let first = rest.first, characters.contains(where: { $0.value == UInt32(first) })
        else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Reads an optional fraction of a second and returns it in microseconds. Returns 0 if there is no fraction, and
    /// nil for a point without digits.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let six = digits.prefix(6).map { Int64($0 - 0x30) }
        let padded = six + Array(repeating: 0, count: 6 - six.count)
        return padded.reduce(0) { $0 * 10 + $1 }
    }

    /// Reads `Z` (a character in `utc`) or an offset such as `+01:00`. Returns the minutes east of UTC; nil for any
    /// other text.
    mutating func offset(_ utc: [Unicode.Scalar]) -> Int64? {
        if skip(utc) { return 0 }
        let isEast = rest.first == UInt8(ascii: "+")
        guard skip("+", "-"), let hours = number(2), skip(":"), let minutes = number(2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isEast ? 1 : -1)
    }
}
