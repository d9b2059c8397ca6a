import Documents

extension Timestamp {
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// RFC 3339 in UTC with six decimals: `2026-11-23T05:00:00.000000Z`.
    package var rfc3339: String {
        let fraction = Self.padded(microsecondsOfDay % 1_000_000, 6)
        return rfc3339Seconds.dropLast() + "." + fraction + "Z"
    }

    /// RFC 3339 in UTC cut to whole seconds, as Kubernetes writes it: `2026-11-23T05:00:00Z`.
    package var rfc3339Seconds: String {
        let (year, month, day) = Self.civil(fromDays: days)
        let seconds = microsecondsOfDay / 1_000_000
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, 2) }
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + time.joined(separator: ":") + "Z"
    }

    /// Reads an RFC 3339 date-time in its lenient form, cut to microseconds; nil for any other text.
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
