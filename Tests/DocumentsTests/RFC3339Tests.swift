import Documents
import Testing

struct RFC3339Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("2026-11-23T05:00:00Z", 1_795_410_000_000_000),
        ("2026-11-23T07:30:00+02:30", 1_795_410_000_000_000),
        ("2026-11-22T19:00:00-10:00", 1_795_410_000_000_000),
        ("2026-11-23T05:00:00.5Z", 1_795_410_000_500_000),
        ("2026-11-23T05:00:00.123456999Z", 1_795_410_000_123_456),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
    ])
    func bothFormsReadTheSameMoments(text: String, microseconds: Int64) {
        #expect(RFC3339.microseconds(text, as: .lenient) == microseconds)
        #expect(RFC3339.microseconds(text, as: .go) == microseconds)
    }

    @Test(arguments: [
        ("2026-11-23t05:00:00z", 1_795_410_000_000_000),
        ("2026-11-23 05:00:00Z", 1_795_410_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
    ])
    func onlyTheLenientFormReadsSmallLettersAndLeapSeconds(text: String, microseconds: Int64) {
        #expect(RFC3339.microseconds(text, as: .lenient) == microseconds)
        #expect(!RFC3339.isTimestamp(text, as: .go))
    }

    @Test(arguments: [
        "", "now", "2026-11-23", "2026-11-23T05:00Z", "2026-11-23T05:00:00", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T05:60:00Z",
        "2026-11-23T05:00:61Z", "2026-11-23T05:00:00.Z", "2026-11-23T05:00:00+24:00",
        "2026-11-23T05:00:00+02:60", "2026-11-23T05:00:00+0230", "2026-11-23T05:00:00Zx",
        " 2026-11-23T05:00:00Z", "+026-11-23T05:00:00Z", "2026-11-23T05:00:00,5Z",
    ])
    func neitherFormReadsAnythingElse(text: String) {
        #expect(RFC3339.microseconds(text, as: .lenient) == nil)
        #expect(RFC3339.microseconds(text, as: .go) == nil)
    }
}
