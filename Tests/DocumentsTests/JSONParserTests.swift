import Documents
import Testing

struct JSONParserTests {
    @Test(
        arguments: [
            ("null", JSONValue.null),
            (" \t\r\n true ", true),
            ("false", false),
            ("-12", -12),
            (#""""#, ""),
            ("[]", []),
            ("{}", [:]),
            ("[1, [2], {}]", [1, [2], [:]]),
            (#"{"a": {"b": [null, "c"]}}"#, ["a": ["b": [.null, "c"]]]),
            (#""\"\\\/\b\f\n\r\t""#, JSONValue.string("\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\ud83d\ude00x""#, "😀x"),
            ("\"é€😀\u{7F}\"", "é€😀\u{7F}"),
        ] as [(String, JSONValue)])
    func readsValues(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(text) == value)
    }

    @Test(arguments: ["0", "-0", "10", "1.50", "0.1", "-0.0", "1e5", "1E+05", "12e-3", "1" + zeros])
    func keepsTheTextOfNumbers(text: String) throws {
        #expect(try JSONParser.parse("[\(text)]") == [.number(JSONNumber(uncheckedLiteral: text))])
        #expect(JSONSerializer.bytes(try JSONParser.parse(text)) == Array(text.utf8))
    }

    private static let zeros = String(repeating: "0", count: 400)

    @Test func keepsTheOrderOfMembers() throws {
        #expect(try JSONParser.parse(#"{"b":1,"a":2,"c":3}"#).objectValue?.keys == ["b", "a", "c"])
    }

    @Test func keepsKeysThatDifferOnlyInUnicodeNormalisation() throws {
        let object = try #require(try JSONParser.parse(#"{"é":1,"e\u0301":2}"#).objectValue)
        #expect(object.count == 2)
        #expect(object["e\u{301}"] == 2)
    }

    /// The arguments are the text, the rule of the error, its byte offset, its pointer, and a part of its message.
    @Test(
        arguments: [
            ("", RuleID.documentEmpty, 0, "", "empty"),
            (" \n ", .documentEmpty, 3, "", "empty"),
            ("{", .jsonSyntax, 1, "", "a key in double quotes, found the end of the document"),
            ("[1", .jsonSyntax, 2, "", "',' or ']'"),
            ("[1,]", .jsonSyntax, 3, "/1", "expected a value, found ']'"),
            (#"{"a":1,}"#, .jsonSyntax, 7, "", "a key in double quotes, found '}'"),
            (#"{"a" 1}"#, .jsonSyntax, 5, "", "':' after the key"),
            (#"{a:1}"#, .jsonSyntax, 1, "", "a key in double quotes"),
            (#"{"a":tru}"#, .jsonSyntax, 5, "/a", "expected true"),
            ("[1 2]", .jsonSyntax, 3, "", "found '2'"),
            ("'a'", .jsonSyntax, 0, "", "expected a value"),
            ("1 2", .jsonTrailingData, 2, "", "expected nothing after the value"),
            ("01", .jsonNumber, 0, "", "may not start with 0"),
            ("-", .jsonNumber, 1, "", "digit after '-'"),
            ("1.", .jsonNumber, 2, "", "digit after the decimal point"),
            ("1e+", .jsonNumber, 3, "", "digit after the exponent"),
            ("+1", .jsonSyntax, 0, "", "found '+'"),
            (".5", .jsonSyntax, 0, "", "found '.'"),
            ("NaN", .jsonSyntax, 0, "", "found 'N'"),
            (#""a"#, .jsonSyntax, 2, "", "to end the string"),
            ("\"a\nb\"", .jsonString, 2, "", "control character"),
            (#"["\x"]"#, .jsonString, 2, "/0", "after '\\'"),
            (#""\u12G4""#, .jsonString, 1, "", "hexadecimal"),
            (#""\ud83d""#, .jsonString, 1, "", "surrogate"),
            (#""\ud83dA""#, .jsonString, 1, "", "surrogate"),
            (#""\ud83d\u0041""#, .jsonString, 1, "", "surrogate"),
            (#""\ude00""#, .jsonString, 1, "", "surrogate"),
            (#"{"a":{"b":1,"b":2}}"#, .documentDuplicateKey, 12, "/a/b", "twice"),
            (#"[{"x/y":1,"x\u002fy":2}]"#, .documentDuplicateKey, 10, "/0/x~1y", "twice"),
            ("// comment\n1", .jsonSyntax, 0, "", "found '/'"),
        ] as [(String, RuleID, Int, String, String)])
    func refuses(text: String, rule: RuleID, offset: Int, pointer: String, message: String) throws {
        let error = try #require(throws: DocumentError.self) { try JSONParser.parse(text) }
        #expect(error.rule == rule)
        #expect(error.position?.byteOffset == offset)
        #expect(error.pointer == pointer)
        #expect(error.message.contains(message))
    }

    @Test(arguments: [
        [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
        [0xC3], [0xE2, 0x82], [0x80], [0xF0, 0x8F, 0xBF, 0xBF],
    ])
    func refusesMalformedUTF8(sequence: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        let error = try #require(throws: DocumentError.self) {
            try JSONParser.parse([quote] + sequence + [quote])
        }
        #expect(error.rule == .documentEncoding)
        #expect(error.position?.byteOffset == 1)
    }

    @Test func refusesAByteOrderMark() throws {
        let error = try #require(throws: DocumentError.self) { try JSONParser.parse("\u{FEFF}{}") }
        #expect(error.rule == .documentEncoding)
    }

    @Test func countsLinesAndColumnsFromOne() throws {
        let error = try #require(throws: DocumentError.self) {
            try JSONParser.parse("{\n  \"é\": x\n}")
        }
        #expect(error.position == SourcePosition(line: 2, column: 8, byteOffset: 10))
        #expect(error.violation.message.hasSuffix("(line 2, column 8)"))
    }

    @Test func boundsTheDepth() throws {
        let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try JSONParser.parse(nested(64)) }
        let error = try #require(throws: DocumentError.self) { try JSONParser.parse(nested(65)) }
        #expect(error.rule == .documentTooDeep)
        #expect(throws: DocumentError.self) { try JSONParser.parse(nested(100_000)) }
    }

    @Test func boundsTheNumberOfValues() throws {
        let limits = DocumentLimits(depth: 4, nodes: 3)
        #expect(throws: Never.self) { try JSONParser.parse("[1,2]", limits: limits) }
        let error = try #require(throws: DocumentError.self) {
            try JSONParser.parse("[1,2,3]", limits: limits)
        }
        #expect(error.rule == .documentTooManyValues)
    }

    @Test func findsARepeatedKeyAmongMany() throws {
        let members = (0..<5_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",")
        #expect(try JSONParser.parse("{\(members)}").objectValue?.count == 5_000)
        let error = try #require(throws: DocumentError.self) {
            try JSONParser.parse("{\(members),\"key17\":0}")
        }
        #expect(error.pointer == "/key17")
    }
}
