import Documents
import Domain
import Testing

struct DocumentLocatorTests {
    private static let json = """
        {
          "a": 1,
          "b/c": [
            10, {"d": null},
            "x"
          ],
          "é": {"~": [[]]}
        }
        """
    private static let yaml = """
        a: 1
        b/c:
        - 10
        - d: null
        - x
        1: {y: z}
        """

    /// A pointer, and the line and column of its value. If the value does not exist, the position is that of the
    /// innermost value on the way to it.
    @Test(
        arguments: [
            (json, "", 1, 1), (json, "/a", 2, 3), (json, "/a/x", 2, 3), (json, "/b~1c", 3, 3),
            (json, "/b~1c/0", 4, 5), (json, "/b~1c/1", 4, 9), (json, "/b~1c/1/d", 4, 10),
            (json, "/b~1c/2", 5, 5), (json, "/b~1c/3", 3, 3), (json, "/b~1c/-", 3, 3),
            (json, "/é", 7, 3), (json, "/é/~0", 7, 9), (json, "/é/~0/0", 7, 15),
            (json, "/é/~0/0/0", 7, 15), (json, "/none", 1, 1), ("[]", "/0", 1, 1),
            (yaml, "", 1, 1), (yaml, "/a", 1, 1), (yaml, "/b~1c/1/d", 4, 3),
            (yaml, "/b~1c/2", 5, 3), (yaml, "/b~1c/7", 2, 1), (yaml, "/1/true", 6, 5),
            (yaml, "/none", 1, 1),
        ])
    func findsTheLine(text: String, pointer: String, line: Int, column: Int) {
        let position = DocumentLocator.positions(of: [pointer], in: Array(text.utf8))[0]
        #expect(position?.line == line)
        #expect(position?.column == column)
    }

    @Test(
        arguments: [
            ("a: 1\n---\nb: 2\n---\n---\nc: [x]\n", "/1/b", 3, 1),
            ("a: 1\n---\n---\nb: 2\n", "/1/b", 4, 1),
            ("[{}, {\"a\": 1}]", "/1/a", 1, 7), ("{\"a\": 1}", "/0/a", 1, 2),
            ("{\"items\": [{}, {\"a\": 1}]}", "/1/a", 1, 17), ("{a: 1}", "/0/a", 1, 2),
        ])
    func findsThePositionInAStream(text: String, pointer: String, line: Int, column: Int) {
        let position = DocumentLocator.positions(ofStreamed: [pointer], in: Array(text.utf8))[0]
        #expect(position?.line == line)
        #expect(position?.column == column)
    }

    @Test(arguments: ["- a: 1\n", "items: [{a: 1}]\n", "a: 1\n", "a: [", ""])
    func findsNoPositionInListsOfAStream(text: String) {
        #expect(DocumentLocator.positions(ofStreamed: ["/1/a"], in: Array(text.utf8)) == [nil])
    }

    @Test func findsNothingInTextsThatAreNotDocuments() {
        #expect(DocumentLocator.positions(of: ["/a"], in: Array("{a: [".utf8)) == [nil])
        #expect(DocumentLocator.positions(of: ["/a"], in: []) == [nil])
    }

    /// Every violation of a refused document has a position.
    @Test func agreesWithTheDecoders() throws {
        let text = "cidr: 10.0.0.1/8\nlabels:\n  policyserver/x: z\nsize: 1\n"
        let document = try YAMLParser.parse(Array(text.utf8))
        let pointers = Subnet.decode(document, region: "r", name: "a").violations.map(\.pointer)
        let lines = DocumentLocator.positions(of: pointers, in: Array(text.utf8)).map { $0?.line }
        #expect(lines == [1, 3, 4])
    }

    /// One walk for all pointers finds the same positions as a walk for each, in any order of the pointers.
    @Test(arguments: [json, yaml])
    func findsManyAtOnce(text: String) {
        let pointers = [
            "/b~1c/1/d", "/none", "", "/a", "/b~1c/2", "/b~1c/1/d", "/é/~0/0", "/1/true",
        ]
        let bytes = Array(text.utf8)
        let all = DocumentLocator.positions(of: pointers, in: bytes)
        #expect(all == pointers.map { DocumentLocator.positions(of: [$0], in: bytes)[0] })
        let reversed = DocumentLocator.positions(of: pointers.reversed(), in: bytes)
        #expect(all == reversed.reversed())
    }

    /// A refusal may name a hundred pointers but must not read the text a hundred times.
    @Test(arguments: [
        "{\"a\": [" + String(repeating: "{\"b\": \"c\"},", count: 20_000) + "0]}",
        "a:\n" + String(repeating: "- {b: c}\n", count: 4_000),
    ])
    func readsTheTextOnceForAll(text: String) {
        let bytes = Array(text.utf8)
        let pointers = (0..<100).map { "/a/\($0 * 7)/b" }
        func time(_ pointers: [String]) -> Duration {
            let times = (0..<3).map { _ in
                ContinuousClock().measure { _ = DocumentLocator.positions(of: pointers, in: bytes) }
            }
            return times.min() ?? .zero
        }
        #expect(time(pointers) < time(["/a/1/b"]) * 10)
    }
}
