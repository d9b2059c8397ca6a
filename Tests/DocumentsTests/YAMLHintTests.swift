import Documents
import Testing

/// Tests the hints about common mistakes in YAML, which the server adds to the message of the parser.
@Suite struct YAMLHintTests {
    @Test(
        "says what to do",
        arguments: [
            (
                "spec:\n\tselector: all()\n",
                "a tab cannot be used for indentation here: use spaces", 2
            ),
            ("a: b: c\nd: 1\n", "put a value that holds \": \" in quotes", 1),
            ("a: *\nb: 1\n", "put a value that begins with this character in quotes", 1),
            ("a: @x\nb: 1\n", "put a value that begins with this character in quotes", 1),
            ("a: 'app' == \"web\"\nb: 1\n", "put the whole value in the other kind of quotes", 1),
            ("a: !has(x)\nb: 1\n", "put a value that begins with ! in quotes", 1),
            ("{\"a\": 1}\n{\"a\": 2}\n", "put several JSON objects in a list", 2),
            ("kind: Region name: west labels: {a: b}", "curl -d removes line breaks", 1),
            ("--- kind: Region name: west", "curl -T FILE or --data-binary @FILE", 1),
            ("# my region kind: Region", "curl -d removes line breaks", 1),
            ("---\n\u{FEFF}a: 1\nb: 2\n", "begins with a byte order mark", 2),
        ])
    func hint(text: String, hint: String, line: Int) throws {
        let error = try #require(throws: DocumentError.self) {
            try YAMLParser.parse(Array(text.utf8))
        }
        #expect(error.message.contains(hint), "\(error)")
        #expect(error.position?.line == line)
    }

    @Test("a short text in one line gets no hint about curl", arguments: ["a: [", "", "a: 'b"])
    func silent(text: String) throws {
        let error = try #require(throws: DocumentError.self) {
            try YAMLParser.parse(Array(text.utf8))
        }
        #expect(!error.message.contains("curl"))
    }

    @Test("a byte order mark is allowed at the start and inside a text")
    func allowedMarks() throws {
        #expect(try YAMLParser.parse(Array("\u{FEFF}a: 1\n".utf8)) == ["a": 1])
        #expect(try YAMLParser.parse(Array("a: x\u{FEFF}y\n".utf8)) == ["a": "x\u{FEFF}y"])
    }

    @Test(
        "An error in a stream has a pointer into the stream",
        arguments: [
            ("a: 1\n---\nlabels: {k: v}\nkind: A\nkind: B\n", "/1/kind"),
            ("a: 1\n---\n---\nb: {c: !x y}\n", "/1/b/c"),
            ("- a: 1\n- b: 2\n---\nc: {d: 1, d: 2}\n", "/2/c/d"),
            ("items:\n- a: 1\n- b: 1\n  b: 2\n", "/1/b"),
            ("a: 1\n---\nitems:\n- a: 1\n- b: {c: 1, c: 2}\n", "/2/b/c"),
            ("- a: 1\n- b: !x y\n", "/1/b"), ("b: !x y\n", "/0/b"),
            (#"{"items": [{}, {"a": 1, "a": 2}]}"#, "/1/a"), (#"{"a": 1, "a": 2}"#, "/0/a"),
        ])
    func streamPointer(text: String, pointer: String) throws {
        let error = try #require(throws: DocumentError.self) {
            try YAMLParser.documents(Array(text.utf8))
        }
        #expect(error.pointer == pointer, "\(error)")
    }

    @Test("documents have the line in which they begin")
    func lines() throws {
        let text = "# One.\na: 1\n---\n---\n# Two.\nb: 2\n---\n- c\n"
        #expect(try YAMLParser.stream(Array(text.utf8)).map(\.line) == [2, 6, 8])
    }

    @Test("a document with a repeated top-level key gets a hint about a missing ---")
    func missingSeparator() throws {
        func message(_ text: String) -> String? {
            do throws(DocumentError) {
                _ = try YAMLParser.documents(Array(text.utf8))
                return nil
            } catch {
                return error.message
            }
        }
        let two =
            "kind: Region\naddressBlocks: []\nname: a\nkind: Region\naddressBlocks: []\nname: b\n"
        #expect(message(two)?.hasSuffix("in line 4, put a line with --- before it") == true)
        #expect(
            message("kind: A\n---\n" + two)?.hasSuffix("in line 6, put a line with --- before it")
                == true)
        #expect(message("kind: A\nlabels:\n  kind: b\n  kind: c\n")?.contains("---") == false)
        #expect(message("name: a\nname: b\n")?.contains("---") == false)
    }
}
