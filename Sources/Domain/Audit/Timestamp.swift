import Documents

/// A time in UTC with a resolution of microseconds, as stored in the ledger.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.microseconds < rhs.microseconds
    }
}

extension Timestamp {
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// The time as RFC 3339 in UTC with six decimals: `2026-11-23T05:00:00.000000Z`.
    package var rfc3339: String {
        let fraction = Self.padded(microsecondsOfDay % 1_000_000, 6)
        return rfc3339Seconds.dropLast() + "." + fraction + "Z"
    }

    /// The time as RFC 3339 in UTC, cut to whole seconds, in the form of Kubernetes: `2026-11-23T05:00:00Z`.
    package var rfc3339Seconds: String {
        let (year, month, day) = Self.civil(fromDays: days)
        let seconds = microsecondsOfDay / 1_000_000
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, 2) }
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + time.joined(separator: ":") + "Z"
    }

    /// Reads an RFC 3339 date-time in the lenient form of `RFC3339`, cut to microseconds. Returns nil for any other
    /// text.
    package init?(rfc3339 text: String) {
        guard let microseconds = RFC3339.microseconds(text, as: .lenient) else { return nil }
        self.init(microseconds: microseconds)
    }

    private var days: Int64 {
        let quotient = microseconds / Self.microsecondsPerDay
        return microseconds % Self.microsecondsPerDay < 0 ? quotient - 1 : quotient
    }

    private var microsecondsOfDay: Int64 { microseconds - days * Self.microsecondsPerDay }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Converts days since 1970-01-01 to a date of the Gregorian calendar. Adding 719,468 makes the count begin at
    /// 0000-03-01. With this beginning, a leap day is the last day of its year, and every 400 years have 146,097 days.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Timestamp {
    /// The forms that `init(asked:now:)` reads, for messages about wrong values.
    package static let askedForms =
        "a time such as 2026-03-01T12:00:00Z, a date such as 2026-03-01 (its midnight in UTC), or a duration "
        + "before now such as 90s, 15m, 1h, 7d or 2w"

    /// `askedForms` with advice for URLs.
    package static let askedFormsInURL = askedForms + " (in a URL, write + as %2B)"

    private static let units: [Character: Int64] = [
        "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800,
    ]

    /// Reads a time in one of the forms for people: an RFC 3339 time, a date (its midnight in UTC), or a
    /// duration before `now`. A duration is a number with one of the units s, m, h, d and w.
    package init?(asked text: String, now: Timestamp) {
        if let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z") {
            self = time
            return
        }
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ Self.units[$0] }), (1...9).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
        else { return nil }
        // A duration that begins before 1970 gives 1970, because no row is older. Stopping at 1970 also avoids an
        // overflow, because a nine-digit number of weeks has too many microseconds for 64 bits.
        let seconds = count * unit
        let isBefore1970 = seconds >= now.microseconds / 1_000_000
        self.init(
            microseconds: isBefore1970 ? 0 : now.microseconds - seconds * 1_000_000)
    }
}
