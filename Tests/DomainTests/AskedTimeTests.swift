import Domain
import Testing

@Suite struct AskedTimeTests {
    private static let now = Timestamp(microseconds: 1_772_366_400_000_000)

    @Test(arguments: [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00+01:00", "2026-03-01T11:00:00Z"),
        ("2026-03-01", "2026-03-01T00:00:00Z"), ("0s", "2026-03-01T12:00:00Z"),
        ("90s", "2026-03-01T11:58:30Z"), ("15m", "2026-03-01T11:45:00Z"),
        ("1h", "2026-03-01T11:00:00Z"), ("7d", "2026-02-22T12:00:00Z"),
        ("2w", "2026-02-15T12:00:00Z"), ("999999999w", "1970-01-01T00:00:00Z"),
    ])
    func readsTimesAsPeopleWriteThem(text: String, expected: String) {
        #expect(Timestamp(asked: text, now: Self.now)?.rfc3339Seconds == expected)
    }

    @Test(arguments: [
        "", "h", "1", "60", "1772366400", "1H", "1M", "1y", "1 h", "-1h", "+1h", "1.5h", "1h30m",
        "1000000000s", "2026-3-1", "2026-02-29", "2026-03-01T12:00", "2026-03-01T12:00:00",
        "2026-03-01 12:00:00 01:00", "yesterday", "now", "٣h",
    ])
    func refusesOtherTexts(text: String) {
        #expect(Timestamp(asked: text, now: Self.now) == nil)
    }
}
