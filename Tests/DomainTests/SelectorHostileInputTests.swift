import Domain
import TestSupport
import Testing

@Suite("Hostile selectors")
struct SelectorHostileInputTests {
    @Test("deep nesting is refused", arguments: ["(", "!(", "(a=='b'||", "! "])
    func deepNesting(piece: String) {
        let text = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
        #expect(throws: SelectorError.self) { try Selector(parsing: text) }
    }

    @Test("nesting up to the limit is read, evaluated and printed")
    func nestingAtTheLimit() throws {
        let depth = Selector.maxNesting
        let text =
            String(repeating: "!(a == 'b' && ", count: depth) + "has(c)"
            + String(repeating: ")", count: depth)
        let selector = try Selector(parsing: text)
        #expect(selector.canonical.utf8.count > depth)
        #expect(selector.matches(["a": "x"]))
    }

    @Test("megabytes are read in one pass")
    func megabytes() throws {
        let value = String(repeating: "v", count: 1 << 20)
        #expect(try Selector(parsing: "a == '\(value)'").matches(["a": value]))
        #expect(throws: SelectorError.self) { try Selector(parsing: value) }
        #expect(throws: SelectorError.self) { try Selector(parsing: "'\(value)") }
        let many = Array(repeating: "has(a)", count: 100_000).joined(separator: " && ")
        #expect(try Selector(parsing: many).matches(["a": ""]))
    }

    @Test(
        "any bytes are either a selector, whose canonical form is one too, or an error inside them")
    func mutations() throws {
        var random = SeededGenerator(seed: 20_240_607)
        let pieces = [
            "a", "has(", "all(", "global()", "has", "in", "not", "contains", "starts", "with", "==",
            "!=", "!", "&&", "||", "(", ")", "{", "}", ",", "'x'", "\"y\"", "'", "\"", " ", "\t",
            "é", "=",
            "&", "\u{0}", "sg.projectcalico.org/openstack-1", "\u{1F980}",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do {
                let canonical = try Selector(parsing: text).canonical
                _ = try Selector(parsing: canonical)
                accepted += 1
            } catch {
                #expect(0...text.utf8.count ~= error.offset)
                #expect(1...text.unicodeScalars.count + 1 ~= error.column)
            }
        }
        #expect(accepted > 100)
    }
}
