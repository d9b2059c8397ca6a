import Documents
import Domain
import Testing

/// Small texts that would be expensive to read if the cost grew faster than their length. The tests count steps
/// instead of measuring time.
struct DocumentCostTests {
    /// Many spellings of one word, which are equal in Unicode and different in JSON.
    private static func spelling(_ number: Int) -> String {
        (0..<12).map { number >> $0 & 1 == 1 ? "\u{e9}" : "e\u{301}" }.joined()
    }

    @Test func canonicallyEqualKeysHaveDifferentHashes() {
        let hashes = Set((0..<4_096).map { JSONValue.string(Self.spelling($0)).hashValue })
        // With Swift's own hash of strings there would be only one.
        #expect(hashes.count > 4_000)
        let objects = Set(
            (0..<64).map {
                JSONValue.object(JSONObject(uncheckedMembers: [(Self.spelling($0), 1)]))
            })
        #expect(objects.count == 64)
    }

    @Test func canonicallyEqualKeysAreDifferentMembers() throws {
        let text =
            "{" + (0..<4_096).map { "\"\(Self.spelling($0))\":1" }.joined(separator: ",") + "}"
        #expect(try JSONParser.parse(text).objectValue?.count == 4_096)
        #expect(throws: DocumentError.self) { try JSONParser.parse(#"{"\u00e9":1,"é":2}"#) }
    }

    private static func many(_ count: Int, _ separator: String, _ piece: (Int) -> String) -> String
    {
        (0..<count).map(piece).joined(separator: separator)
    }

    private static func directives(_ count: Int) -> String {
        many(count, "") { "%TAG !a\($0)! tag:x,\n" } + "---\na: 1\n"
    }

    private static let merged: String = {
        let inherited = many(2_500, ", ") { "a\($0): 1" }
        let own = many(2_500, ", ") { "b\($0): 1" }
        return "- &a {\(inherited)}\n- {<<: *a, \(own)}\n"
    }()

    private static let tooLarge: [(text: String, rule: RuleID)] = [
        ("{\(many(4_097, ",") { "\"\($0)\":1" })}", .documentTooManyMembers),
        ("a:\n\(many(4_097, "") { "  k\($0): 1\n" })", .documentTooManyMembers),
        (merged, .documentTooManyMembers),
        ("[\(many(100_001, ",") { _ in "1" })]", .documentTooManyValues),
        ("{\"a\":\(many(1_025, "") { _ in "7" })}", .documentNumberTooLong),
        ("a: 0.\(many(1_025, "") { _ in "7" })\n", .documentNumberTooLong),
        (directives(17), .documentTooManyDirectives),
        (String(repeating: "[", count: 65), .documentTooDeep),
    ]

    @Test(arguments: tooLarge)
    func aBodyBeyondABoundNamesTheBound(text: String, rule: RuleID) throws {
        let error = try #require(throws: DocumentError.self) {
            try YAMLParser.parse(Array(text.utf8), limits: .body)
        }
        #expect(error.rule == rule)
        #expect(RuleID.documentBounds.contains(error.rule))
        #expect(error.message.contains { $0.isNumber })
    }

    @Test func theLargestBodyIsStillRead() throws {
        let members = "{\(Self.many(4_096, ",") { "\"\($0)\":1" })}"
        #expect(throws: Never.self) { try JSONParser.parse(Array(members.utf8), limits: .body) }
        let values = "[" + String(repeating: "1,", count: 99_998) + "1]"
        #expect(throws: Never.self) { try JSONParser.parse(Array(values.utf8), limits: .body) }
        let directives = Self.directives(16)
        #expect(throws: Never.self) { try YAMLParser.parse(Array(directives.utf8), limits: .body) }
    }

    /// Values already in etcd are read even beyond the bounds of bodies.
    @Test func storedDocumentsMayHaveMoreMembersThanBodies() throws {
        let text = "{" + (0..<10_000).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try JSONParser.parse(text).objectValue?.count == 10_000)
    }

    @Test func aListKeepsTheFirstViolationsAndCountsTheOthers() {
        let many = (0..<250).map {
            Violation(pointer: "/\($0)", rule: .unknownField, message: "no")
        }
        var list = ViolationList(many)
        #expect(list.total == 250)
        #expect(list.map(\.pointer) == many.prefix(ViolationList.limit).map(\.pointer))
        list += ViolationList(many)
        list += [many[0]]
        list.skip()
        #expect(list.total == 502)
        #expect(list.count == ViolationList.limit)
        #expect(list.isFull)
        #expect(list.rewritten { $0.below("/a") }.total == 502)
        #expect(list.rewritten { $0.below("/a") }.first?.pointer == "/a/0")
        let summary = list.summarised(by: .unknownField)
        #expect(summary.count == ViolationList.limit + 1)
        #expect(summary.last?.message == "and 402 more")
        #expect(
            ViolationList(many.prefix(2)).summarised(by: .unknownField) == Array(many.prefix(2)))
    }

    @Test func decodersKeepNoMoreViolationsThanAreAnswered() {
        let object = JSONValue.object(
            JSONObject(uncheckedMembers: (0..<3_000).map { ("x\($0)", 1) }))
        let region = Region.decode(object, name: "a")
        #expect(region.violations.count == ViolationList.limit)
        #expect(region.violations.total == 3_000)
        let labels = JSONValue.object(
            JSONObject(uncheckedMembers: (0..<3_000).map { ("-\($0)", "-") }))
        #expect(Region.decode(["labels": labels], name: "a").violations.total == 6_000)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abc", 2, "ab…"), ("aéb", 2, "a…"), ("aéb", 3, "aé…"),
        ("e\u{301}\u{301}\u{301}", 3, "e\u{301}…"), ("", 0, ""), ("é", 0, "…"),
    ])
    func aTextIsCutBetweenScalarsByItsBytes(text: String, limit: Int, cut: String) {
        #expect(Array(text.cut(to: limit).utf8) == Array(cut.utf8))
    }

    /// Bytes are counted, because a single grapheme cluster can be a megabyte.
    @Test func oneCharacterOfManyBytesIsCut() {
        let text = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(text.count == 1)
        #expect(text.cut(to: 256).utf8.count <= 256 + 3)
    }

    @Test func aDifferenceOfLargeObjectsIsFoundByKeys() {
        let old = JSONValue.object(
            JSONObject(uncheckedMembers: (0..<4_000).map { ("k\($0)", 1) }))
        let new = JSONValue.object(
            JSONObject(uncheckedMembers: (1...4_000).reversed().map { ("k\($0)", 1) }))
        let operations = JSONPatch.diff(from: old, to: new)
        #expect(operations == [.init(.remove, "/k0"), .init(.add, "/k4000", 1)])
    }

    @Test(arguments: ["0", "1", "42", "9223372036854775807"])
    func readsRevisionsAsTheServerShowsThem(text: String) {
        #expect(ReadOnlyFields.revision(text) == Int64(text))
    }

    @Test(arguments: [
        "", "abc", "-1", "+1", "1.5", "007", " 1", "1e3", "9223372036854775808", "true",
    ])
    func refusesOtherRevisions(text: String) {
        #expect(ReadOnlyFields.revision(text) == nil)
    }
}
