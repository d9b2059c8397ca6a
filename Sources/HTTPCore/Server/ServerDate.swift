import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The value of the field Date (RFC 9110 §6.6.1). It is formatted once per second.
package final class ServerDate: Sendable {
    private let cached = Mutex<(second: Int, text: String)>((.min, ""))

    var now: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let second = Int(time.tv_sec)
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Self.format(second: second)) }
            return cached.text
        }
    }

    /// Returns `second`, counted from 1970, as an IMF-fixdate (RFC 9110 §5.6.7).
    package static func format(second: Int) -> String {
        let days = Int((Double(second) / 86400).rounded(.down))
        let time = second - days * 86400
        let (year, month, day) = civil(days: days)
        // 1970-01-01 was a Thursday, which has index 4.
        let weekday = weekdays[((days + 4) % 7 + 7) % 7]
        return "\(weekday), \(two(day)) \(months[month - 1]) \(year) "
            + "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func two(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// Returns the Gregorian date of the day `days`, which is counted from 1970-01-01 and must not be negative. The
    /// algorithm is `civil_from_days` in H. Hinnant's "chrono-compatible low-level date algorithms".
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        // Counts the days from 0000-03-01. The leap day is the last day of a year that begins in March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
