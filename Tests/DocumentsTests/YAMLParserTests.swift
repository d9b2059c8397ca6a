import Documents
import Testing

struct YAMLParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try YAMLParser.parse(Array(text.utf8))
    }

    /// The arguments are untagged plain scalars and their values in goyaml.v2 (`decode_test.go` and `resolve.go` in
    /// sigs.k8s.io/yaml).
    @Test(
        arguments: [
            ("", "null"), ("~", "null"), ("null", "null"), ("Null", "null"), ("NULL", "null"),
            ("nULL", "\"nULL\""), ("true", "true"), ("True", "true"), ("TRUE", "true"),
            ("tRUE", "\"tRUE\""), ("yes", "true"), ("Yes", "true"), ("YES", "true"), ("y", "true"),
            ("Y", "true"), ("on", "true"), ("On", "true"), ("ON", "true"), ("oN", "\"oN\""),
            ("false", "false"), ("no", "false"), ("No", "false"), ("NO", "false"), ("n", "false"),
            ("N", "false"), ("off", "false"), ("OFF", "false"), ("12", "12"), ("-12", "-12"),
            ("+12", "12"), ("+685_230", "685230"), ("1_", "1"), ("_1", "\"_1\""), ("0", "0"),
            ("-0", "0"), ("00", "0"), ("02472256", "685230"), ("-017", "-15"), ("0o17", "15"),
            ("0O17", "15"), ("08", "8"), ("0x_0A_74_AE", "685230"), ("0X1f", "31"),
            ("-0x1F", "-31"), ("0b1010_0111_0100_1010_1110", "685230"), ("-0b101010", "-42"),
            ("+0b11", "3"), ("0b", "\"0b\""), ("0x", "\"0x\""), ("0xfg", "\"0xfg\""),
            ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("0777777777777777777777777", "777777777777777777777777"), ("1.5", "1.5"), ("1.", "1"),
            (".1", "0.1"), ("-.1", "-0.1"), ("+.5e1", "5"), ("6.8523e+5", "685230"),
            ("685.230_15e+03", "685230.15"), ("685_230.15", "685230.15"), ("1e3", "1000"),
            ("123456E1", "1234560"), ("1.e1", "10"), ("0123e1", "1230"), ("1e400", "\"1e400\""),
            ("1e", "\"1e\""), (".", "\".\""), ("._5", "\"._5\""), (".1_0", "\".1_0\""),
            ("+", "\"+\""), ("0x1p-2", "\"0x1p-2\""), ("1:30", "\"1:30\""),
            ("190:20:30.15", "\"190:20:30.15\""), ("2001-01-01", "\"2001-01-01\""),
            ("2015-02-24T18:19:39.12Z", "\"2015-02-24T18:19:39.12Z\""), ("1.2.3.4", "\"1.2.3.4\""),
            ("10.0.0.0/8", "\"10.0.0.0/8\""), ("50cent_of_dollar", "\"50cent_of_dollar\""),
            ("-b_c", "\"-b_c\""), ("<<", "\"<<\""), ("=", "\"=\""), ("a == 'b'", "\"a == 'b'\""),
            ("'12'", "\"12\""), ("\"no\"", "\"no\""), ("''", "\"\""), ("|-\n  12", "\"12\""),
            ("!!str 12", "\"12\""), ("!!int '1'", "1"), ("!!float 1", "1"),
            ("!!float '1.1'", "1.1"),
            ("!!bool yes", "true"), ("!!null ''", "null"), ("! test", "\"test\""), ("! 12", "12"),
            ("\"a\\tb\\x41\\u00e9\\U0001F600\"", "\"a\\tbAé😀\""), ("a\n  b", "\"a b\""),
        ])
    func readsScalarsAsCalicoctlDoes(scalar: String, json: String) throws {
        #expect(try parse("v: \(scalar)") == ["v": try JSONParser.parse(json)])
        // In a list, the scanner of libyaml reads the scalar in another way.
        #expect(try parse("- \(scalar)") == [try JSONParser.parse(json)])
    }

    @Test(
        arguments: [
            ("a: 1", "a"), ("'1': 1", "1"), ("1: 1", "1"), ("0x10: 1", "16"), ("-5: 1", "-5"),
            ("yes: 1", "true"), ("n: 1", "false"), ("1.5: 1", "1.5"), ("1000000.0: 1", "1e+06"),
            ("123456.5: 1", "123456.5"), ("123456789.0: 1", "1.2345679e+08"), ("1e21: 1", "1e+21"),
            ("0.00001: 1", "1e-05"),
            ("!!str 0x10: 1", "0x10"), ("\"\": 1", ""), ("2001-01-01: 1", "2001-01-01"),
            (".inf: 1", ".inf"), ("? a\n: 1", "a"), ("'<<': 1", "<<"),
        ])
    func turnsKeysIntoStrings(text: String, key: String) throws {
        #expect(try parse(text).objectValue?.keys == [key])
    }

    @Test(
        arguments: [
            ("{}", [:]), ("[]", []), ("a: {b: [1, c], d: {}}", ["a": ["b": [1, "c"], "d": [:]]]),
            ("- - 1\n  - 2\n- a: b\n  c: d\n", [[1, 2], ["a": "b", "c": "d"]]),
            ("a: &x [1]\nb: *x\n", ["a": [1], "b": [1]]),
            ("a: &x 1\nb: &x 2\nc: *x\n", ["a": 1, "b": 2, "c": 2]),
            ("a: |\n  x\n  y\nb: >\n  x\n  y\n", ["a": "x\ny\n", "b": "x y\n"]),
            ("%YAML 1.1\n---\na: 1\n...\n", ["a": 1]), ("---\n---\na: 1\n---\n", ["a": 1]),
            ("# only\na: 1 # comment", ["a": 1]), ("\u{FEFF}a: 1", ["a": 1]),
            ("a: {b: http://x.y/z}", ["a": ["b": "http://x.y/z"]]),
            ("{a: 1, b}", ["a": 1, "b": .null]),
            (
                "b: &b {p: 1, q: 2}\nc: {<<: *b, q: 3}",
                ["b": ["p": 1, "q": 2], "c": ["p": 1, "q": 3]]
            ),
            ("c: {<<: [{p: 1}, {p: 2, q: 2}], z: 3}", ["c": ["p": 1, "q": 2, "z": 3]]),
            ("x: 1\ny: 2", ["x": 1, "true": 2]),
            ("c: {z: 3, <<: {x: 1}}", ["c": ["z": 3, "x": 1]]),
        ] as [(String, JSONValue)])
    func readsCollections(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    /// The arguments are the text, the rule of the error, its pointer, and its line.
    @Test(
        arguments: [
            ("", RuleID.documentEmpty, "", 1), ("# nothing\n---\n", .documentEmpty, "", 3),
            ("a: 1\n---\nb: 2\n", .yamlMultipleDocuments, "", 3),
            ("a: [1", .yamlSyntax, "", 1), ("a: 'x", .yamlSyntax, "", 1),
            ("a: b: c", .yamlSyntax, "", 1), ("a:\n\t- b", .yamlSyntax, "", 2),
            ("a: *x", .yamlSyntax, "", 1), ("a: &x [*x]", .yamlSyntax, "", 1),
            ("a: \u{1}", .documentEncoding, "", 1), ("a: !!binary gIGC", .yamlTag, "/a", 1),
            ("a:\n- !local 1", .yamlTag, "/a/0", 2), ("a: !!set {b}", .yamlTag, "/a", 1),
            ("a: !!int b", .yamlTag, "/a", 1), ("a: !!bool 1", .yamlTag, "/a", 1),
            ("a: !!null b", .yamlTag, "/a", 1), ("a: !!timestamp 2001-01-01", .yamlTag, "/a", 1),
            ("a: .inf", .yamlNumber, "/a", 1), ("a: -.INF", .yamlNumber, "/a", 1),
            ("a: .NaN", .yamlNumber, "/a", 1), ("a: 0x1ffffffffffffffff", .yamlNumber, "/a", 1),
            ("? [a]\n: b", .yamlKey, "", 1), ("~: b", .yamlKey, "", 1),
            ("18446744073709551615: b", .yamlKey, "", 1),
            ("a: {<<: 1}", .yamlMerge, "/a/<<", 1),
            ("a: {<<: [{b: 1}, 2]}", .yamlMerge, "/a/<<", 1),
            ("a:\n  b: 1\n  <<: {b: 2}", .yamlMerge, "/a/<<", 3),
            ("a: 1\n\"a\": 2", .documentDuplicateKey, "/a", 2),
            ("1: 1\n01: 2", .documentDuplicateKey, "/1", 2),
            ("a: {<<: {b: 1}, c: 2, !!merge <<: {d: 1}}", .documentDuplicateKey, "/a/<<", 1),
            ("x:\n- a: 1\n  b: 2\n  a: 3\n", .documentDuplicateKey, "/x/0/a", 2),
            ("x: {a: 1, a: 2}", .documentDuplicateKey, "/x/a", 1),
            ("{\"x\": [{\"a\": 1, \"a\": 2}]}", .documentDuplicateKey, "/x/0/a", 1),
        ] as [(String, RuleID, String, Int)])
    func refuses(text: String, rule: RuleID, pointer: String, line: Int) throws {
        let error = try #require(throws: DocumentError.self) { try parse(text) }
        #expect(error.rule == rule, "\(error)")
        #expect(error.pointer == pointer)
        #expect(error.position?.line == line)
    }

    @Test func namesTheEndpointForSeveralDocuments() throws {
        let error = try #require(throws: DocumentError.self) { try parse("a: 1\n---\nb: 2\n") }
        #expect(error.message.contains("/v1/apply"))
    }

    @Test func readsAllDocumentsOfAStream() throws {
        let text = Array("---\na: 1\n---\n---\n- b\n...\n---\nnull\n---\n".utf8)
        #expect(try YAMLParser.documents(text) == [["a": 1], ["b"], .null])
        #expect(try YAMLParser.documents(Array("[1]".utf8)) == [[1]])
        #expect(try YAMLParser.documents([]) == [])
    }

    @Test func reportsTheByteOffsetOfAnError() throws {
        let error = try #require(throws: DocumentError.self) { try parse("é: 1\r\nbb: [.inf]") }
        #expect(error.position == SourcePosition(line: 2, column: 6, byteOffset: 12))
        let malformed = try #require(throws: DocumentError.self) {
            try YAMLParser.parse(Array("a: ".utf8) + [0xC3])
        }
        #expect(malformed.rule == .documentEncoding)
        #expect(malformed.position?.byteOffset == 3)
    }
}
