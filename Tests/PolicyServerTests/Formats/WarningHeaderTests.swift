import Documents
import Domain
import PolicyServer
import Testing

struct WarningHeaderTests {
    @Test func `a warning names its rule and place`() {
        let warning = Violation(
            pointer: "/spec/selector", rule: RuleID("selector.unmatched"),
            message: "matches nothing")
        #expect(
            WarningHeader.values([warning])
                == [#"299 - "selector.unmatched: matches nothing (/spec/selector)""#])
    }

    @Test func `nothing in a message can end the quoted string or the header`() {
        let warning = Violation(
            pointer: "", rule: RuleID("r"), message: "a\"b\\c\r\nX-Evil: 1\u{7F}é")
        #expect(WarningHeader.values([warning]) == [#"299 - "r: a\"b\\c??X-Evil: 1??""#])
    }

    @Test func `however many warnings there are, the header stays bounded`() {
        let warning = Violation(
            pointer: "", rule: RuleID("r"), message: String(repeating: "x", count: 10_000))
        let values = WarningHeader.values(Array(repeating: warning, count: 1000))
        #expect(values.reduce(0) { $0 + $1.utf8.count } < 16 * 1024)
    }
}
