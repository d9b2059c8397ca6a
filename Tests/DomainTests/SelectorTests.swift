import Domain
import Testing

@Suite("Selector")
struct SelectorTests {
    @Test(
        "an error names the column and what was expected",
        arguments: [
            ("a == ", 6, "expected a quoted string after =="),
            ("a == b", 6, "expected a quoted string after =="),
            ("role starts with x", 18, "expected a quoted string after starts with"),
            ("a = 'b'", 3, "expected ==, found a single ="),
            ("a == 'b", 6, "this string has no closing '"),
            ("a == 'b' and c == 'd'", 10, "expected && or || between two expressions"),
            ("a == 'b' && ", 13, "the selector ends here"),
            ("&& a == 'b'", 1, "expected an expression"),
            ("(a == 'b'", 10, "expected ) for the ( at column 1"),
            ("a == 'b')", 9, "this ) has no matching ("),
            ("a in 'b'", 6, "expected { after in"),
            ("a in {'b' 'c'}", 11, "expected a comma or }"),
            ("a in {,}", 7, "expected a string or }"),
            ("has(a", 6, "expected ) to close has("),
            ("has()", 5, "expected a label name"),
            ("all(x)", 5, "expected ) right after all("),
            ("app", 4, "to test that the label exists: has(app)"),
            ("app is 'x'", 5, "expected an operator after the label"),
            ("a == 'é' & b == 'c'", 10, "expected &&, found a single &"),
            ("a == \"é\" é", 10, "expected a label name"),
            ("a\n== 'b'", 2, "must not have a line break"),
            ("a == 'b'\n", 9, "must not have a line break"),
            ("a\u{A0}== 'b'", 2, "type a plain space"),
            ("a == \u{201C}b\u{201D}", 6, "a typographic quotation mark: write ' or \""),
            ("has('a')", 5, "a label is written without quotation marks"),
            ("'a' == 'b'", 1, "expected a label, found a string"),
            ("all", 4, "the function is all()"), ("All()", 4, "the function is all()"),
            ("has a", 5, "has(label)"), ("not has(a)", 5, "to negate: !has(label)"),
            ("*", 1, "to match everything, write all()"),
        ])
    func errorPlace(text: String, column: Int, message: String) throws {
        let error = try #require(throws: SelectorError.self) { try Selector(parsing: text) }
        #expect(error.column == column)
        #expect(error.message.contains(message), "\(error)")
    }

    @Test(
        "words that are operators after a label are labels elsewhere",
        arguments: [
            "in in {'in'}", "not == 'x'", "contains contains 'c'", "has(has)", "all == 'x'",
        ])
    func operatorWordsAsLabels(text: String) throws {
        _ = try Selector(parsing: text)
    }

    @Test(
        "the canonical form is Calico's",
        arguments: [
            ("", "all()"), ("  ", "all()"), ("!!has(a)", "has(a)"), ("!(!has(a))", "!!has(a)"),
            ("a notin {'c',\"b\",'b',}", "a not in {\"b\", \"c\"}"),
            ("a=='x\"y'", "a == 'x\"y'"), ("a in {}", "a in {}"),
            ("a == 'x' || b == 'y' && has(c)", "(a == \"x\" || (b == \"y\" && has(c)))"),
        ])
    func canonical(text: String, expected: String) throws {
        #expect(try Selector(parsing: text).canonical == expected)
    }

    @Test(
        "an absent label satisfies only the negative operators",
        arguments: [
            ("a == ''", false), ("a != 'x'", true), ("a in {''}", false), ("a not in {'x'}", true),
            ("a contains ''", false), ("a starts with ''", false), ("has(a)", false),
        ])
    func absentLabel(text: String, expected: Bool) throws {
        #expect(try Selector(parsing: text).matches([:]) == expected)
    }

    @Test("values are compared by their bytes")
    func exactBytes() throws {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        for operation in ["==", "in", "starts with", "contains"] {
            let literal = operation == "in" ? "{'\(composed)'}" : "'\(composed)'"
            let selector = try Selector(parsing: "a \(operation) \(literal)")
            #expect(selector.matches(["a": composed]))
            #expect(!selector.matches(["a": decomposed]))
        }
    }

    @Test("a long set finds each of its values and nothing else")
    func longSet() throws {
        let values = (0..<100).map { "v\($0)" }
        let text = values.map { "'\($0)'" }.joined(separator: ",")
        let selector = try Selector(parsing: "a in {\(text)}")
        #expect(values.allSatisfy { selector.matches(["a": $0]) })
        #expect(!selector.matches(["a": "v100"]))
        #expect(!selector.matches(["a": ""]))
    }

    @Test("a label of 512 characters is read, one more is refused")
    func labelLength() throws {
        let label = String(repeating: "x", count: 512)
        #expect(try Selector(parsing: "has(\(label))").matches([label: ""]))
        #expect(throws: SelectorError.self) { try Selector(parsing: "has(\(label)x)") }
        #expect(throws: SelectorError.self) { try Selector(parsing: "\(label)x == 'a'") }
    }

    @Test("comparisons are given in the order written, at any depth")
    func comparisons() throws {
        let selector = try Selector(parsing: "a == 'x' && !(b in {'y'} || c != 'z')")
        #expect(selector.comparisons.map(\.label) == ["a", "b", "c"])
        #expect(selector.comparisons.map(\.operation) == [.equal, .inSet, .notEqual])
        #expect(try Selector(parsing: "((all()))").root == .all)
        #expect(try Selector(parsing: "all() && all()").root != .all)
    }
}
