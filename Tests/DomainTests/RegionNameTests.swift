import Documents
import Domain
import Testing

struct RegionNameTests {
    @Test(arguments: ["a", "region-one", "0", "9-9", "xyz-west", "none-1", longest])
    func acceptsTheNamesThatCalicoAccepts(name: String) {
        #expect(RegionName.isLegal(name))
        #expect(RegionName.violation(name) == nil)
        #expect(RegionName.suggestion(for: name) == nil)
    }

    private static let longest = String(repeating: "a", count: 46)

    /// A name, and the expected suggestion.
    @Test(
        arguments: [
            ("RegionOne", "regionone"), ("Region One", "region-one"), ("region_one", "region-one"),
            ("-a-", "a"), ("a--", "a"), ("  A . b ", "a-b"), ("Zürich", "z-rich"),
            ("region.one/two", "region-one-two"), (longest + "b", longest), ("", nil), ("---", nil),
            ("東京", nil), ("none", nil), ("None", nil),
            (String(repeating: "a", count: 45) + "-b", String(repeating: "a", count: 45)),
        ] as [(String, String?)])
    func refusesAndSuggests(name: String, suggestion: String?) throws {
        let violation = try #require(RegionName.violation(name))
        #expect(violation.rule == .regionName)
        #expect(RegionName.suggestion(for: name) == suggestion)
        if let suggestion {
            #expect(RegionName.isLegal(suggestion))
            #expect(violation.message.contains("\"\(suggestion)\""))
        }
    }

    @Test func explainsWhyTheNameNoneIsRefused() throws {
        #expect(try #require(RegionName.violation("none")).message.contains("Felix"))
    }
}
