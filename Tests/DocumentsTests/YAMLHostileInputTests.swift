import Documents
import TestSupport
import Testing

struct YAMLHostileInputTests {
    private func refusal(_ text: String) throws -> RuleID {
        try #require(throws: DocumentError.self) { try YAMLParser.parse(Array(text.utf8)) }.rule
    }

    private func laughs(_ last: String) -> String {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            let alias = "*a\(level - 1)"
            let copies = Array(repeating: alias, count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(copies)]\n"
        }
        return text + last
    }

    @Test func boundsTheExpansionOfAliases() throws {
        #expect(try refusal(laughs("b: *a11\n")) == .documentTooManyValues)
    }

    /// Yams replaces each alias by a copy. Comparing such keys would read every copy before a limit applies.
    @Test(arguments: ["? *a11\n: 1\n", "{*a11 : 1, b: 2}\n", "*a11 : 1\n", "c: [{[*a11]: 1}]\n"])
    func refusesKeysMadeOfAliasesBeforeComparingThem(last: String) throws {
        #expect(try refusal(laughs(last)) == .yamlKey)
    }

    /// An earlier search for a missing `---` compared every line with every key. It took an hour for this text.
    @Test(.timeLimit(.minutes(2))) func refusesManyRepeatedKeysInOnePass() throws {
        let keys = (0..<50_000).map { "k\($0): 1\n" }.joined()
        #expect(try refusal("kind: R\n\(keys)kind: R\n\(keys)") == .documentDuplicateKey)
    }

    @Test func refusesManyNestedKeysBeforeComparingThem() throws {
        let wide = Array(repeating: "x", count: 20_000).joined(separator: ",")
        let open = String(repeating: "{? ", count: 400)
        let close = String(repeating: ": 1}", count: 400)
        #expect(try refusal("a: \(open)[\(wide)]\(close)") == .yamlKey)
        let nested =
            String(repeating: "{", count: 300) + "a" + String(repeating: ": 1}", count: 300)
        let lines = Array(repeating: "- " + nested, count: 200).joined(separator: "\n")
        #expect(try refusal(lines) == .yamlKey)
    }

    @Test func boundsTheDepth() throws {
        func nested(_ open: String, _ close: String, _ count: Int) -> String {
            "v: " + String(repeating: open, count: count) + String(repeating: close, count: count)
        }
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let deepest = Array(nested(open, close, 63).utf8)
            #expect(throws: Never.self) { try YAMLParser.parse(deepest) }
            #expect(try refusal(nested(open, close, 64)) == .documentTooDeep)
            #expect(try refusal(nested(open, close, 5_000)) == .yamlSyntax)
        }
        #expect(try refusal(String(repeating: "- ", count: 5_000)) == .yamlSyntax)
    }

    @Test func boundsTheNumberOfValues() throws {
        let limits = DocumentLimits(depth: 4, nodes: 3)
        #expect(throws: Never.self) { try YAMLParser.parse(Array("- 1\n- 2".utf8), limits: limits) }
        #expect(throws: DocumentError.self) {
            try YAMLParser.parse(Array("- 1\n- 2\n- 3".utf8), limits: limits)
        }
        #expect(throws: DocumentError.self) {
            try YAMLParser.documents(Array("- 1\n---\n- 2".utf8), limits: limits)
        }
    }

    /// A real document with random changes must give a value or an error. It must never crash the parser.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func survivesMutations(seed: UInt64) {
        let seedText = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: allow-tcp-80, labels: &l {a: 'b'}}
            spec:
              <<: {order: 1_0}
              selector: "has(x) && y == 'z'"   # comment
              ingress:
              - action: Allow
                destination: {ports: [80, "443:444", 0x10]}
                notes: |
                  two
                  lines
              more: *l
              ? k
              : !!str 1
            """
        var random = SeededGenerator(seed: seed)
        let spice = Array("?:-[]{}&*!|>'\"%@`#,\n\t ~<\\\u{FEFF}\u{0}é".utf8) + [0xFF, 0xC0]
        for _ in 0..<300 {
            var bytes = Array(seedText.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                let byte = spice[Int.random(in: 0..<spice.count, using: &random)]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes[index] = byte
                case 2: bytes.insert(byte, at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + 20))
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            for parsed in (try? YAMLParser.documents(bytes)) ?? [] {
                #expect((try? YAMLParser.parse(YAMLSerializer.bytes(parsed))) == parsed)
            }
        }
    }
}
