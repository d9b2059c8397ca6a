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

    /// A pointer, and line and column of what it points at or of the innermost thing on the way.
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
        let position = DocumentLocator.position(of: pointer, in: Array(text.utf8))
        #expect(position?.line == line)
        #expect(position?.column == column)
    }

    @Test(
        arguments: [
            ("a: 1\n---\nb: 2\n---\n---\nc: [x]\n", "/1/b", 3, 1),
            ("a: 1\n---\n---\nb: 2\n", "/1/b", 4, 1),
            ("[{}, {\"a\": 1}]", "/1/a", 1, 7), ("{\"a\": 1}", "/0/a", 1, 2),
        ])
    func findsThePlaceInAStream(text: String, pointer: String, line: Int, column: Int) {
        let position = DocumentLocator.position(ofStreamed: pointer, in: Array(text.utf8))
        #expect(position?.line == line)
        #expect(position?.column == column)
    }

    @Test(arguments: ["- a: 1\n", "items: [{a: 1}]\n", "a: 1\n", "a: [", ""])
    func findsNoPlaceInListsOfAStream(text: String) {
        #expect(DocumentLocator.position(ofStreamed: "/1/a", in: Array(text.utf8)) == nil)
    }

    @Test func findsNothingInWhatIsNoDocument() {
        #expect(DocumentLocator.position(of: "/a", in: Array("{a: [".utf8)) == nil)
        #expect(DocumentLocator.position(of: "/a", in: []) == nil)
    }

    /// Every violation of a refused document has a place.
    @Test func agreesWithTheDecoders() throws {
        let text = "cidr: 10.0.0.1/8\nlabels:\n  policyserver/x: z\nsize: 1\n"
        let document = try YAMLParser.parse(Array(text.utf8))
        let lines = Subnet.decode(document, region: "r", name: "a").violations.map {
            DocumentLocator.position(of: $0.pointer, in: Array(text.utf8))?.line
        }
        #expect(lines == [1, 3, 4])
    }
}
