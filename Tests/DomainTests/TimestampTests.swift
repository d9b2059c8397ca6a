import Domain
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_772_366_400_123_456, "2026-03-01T12:00:00.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func theTextFormGoesBothWays(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(
        arguments: [
            ("2026-03-01T12:00:00Z", 1_772_366_400_000_000),
            ("2026-03-01t14:30:00+02:30", 1_772_366_400_000_000),
            ("2026-03-01 07:00:00.5-05:00", 1_772_366_400_500_000),
            ("2026-03-01T12:00:00.1234569z", 1_772_366_400_123_456),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ] as [(String, Int64)])
    func everyFormOfRFC3339IsRead(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00Z", "26-03-01T12:00:00Z",
        "2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z", "2025-02-29T12:00:00Z",
        "1900-02-29T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00Z ", "2026-03-01T12:00:00+24:00", "٢٠٢٦-03-01T12:00:00Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func theDaysOfEightCenturiesFollowEachOther() {
        var previous = ""
        for day in stride(from: Int64(-146_097), through: 146_097, by: 11) {
            let time = Timestamp(microseconds: day * 86_400_000_000)
            let text = time.rfc3339
            #expect(text > previous)
            #expect(Timestamp(rfc3339: text) == time)
            previous = text
        }
    }
}
