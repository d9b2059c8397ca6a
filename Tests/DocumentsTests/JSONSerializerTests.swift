import Documents
import Testing

struct JSONSerializerTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func writesCompactText() {
        let value: JSONValue = ["b": [1, .null, true], "a": ["x": "<é>"], "c": [:], "d": []]
        #expect(
            text(JSONSerializer.bytes(value))
                == #"{"b":[1,null,true],"a":{"x":"<é>"},"c":{},"d":[]}"#)
    }

    /// The arguments are strings and the output of `json.Marshal` in Go 1.22 for them.
    @Test(arguments: [
        ("a<b>&c", #""a\u003cb\u003e\u0026c""#),
        ("\u{2028}\u{2029}", #""\u2028\u2029""#),
        ("\u{0}\u{1}\u{8}\t\n\u{B}\u{c}\r\u{1f}", #""\u0000\u0001\b\t\n\u000b\f\r\u001f""#),
        ("\u{7f}\u{80}€😀", "\"\u{7f}\u{80}€😀\""),
        (#"q"\/"#, #""q\"\\/""#),
    ])
    func escapesAsGoDoes(string: String, json: String) {
        #expect(text(JSONSerializer.goBytes(.string(string))) == json)
    }

    /// The example is from RFC 8785 section 3.2.2.
    @Test func canonicalisesTheExampleOfTheRFC() throws {
        let input = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let expected =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(text(JSONSerializer.canonical(try JSONParser.parse(input))) == expected)
    }

    /// The example is from RFC 8785 section 3.2.3.
    @Test func sortsKeysByUTF16() throws {
        let input = #"""
            {"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
             "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
             "\u00f6":"Latin Small Letter O With Diaeresis"}
            """#
        let canonical = try JSONParser.parse(JSONSerializer.canonical(try JSONParser.parse(input)))
        #expect(
            canonical.objectValue?.keys == [
                "\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}",
            ])
    }

    /// The arguments are from RFC 8785 appendix B: the bits of a double and its text.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"), (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func writesNumbersAsECMAScript(bits: UInt64, expected: String) {
        let literal = Double(bitPattern: bits).description
        let value = JSONValue.number(JSONNumber(uncheckedLiteral: literal))
        #expect(text(JSONSerializer.canonical(value)) == expected)
    }

    @Test(arguments: [
        ("-0", "0"), ("1.0", "1"), ("1e2", "100"), ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"), ("1e400", "1e400"), ("-12", "-12"),
    ])
    func keepsIntegersThatADoubleWouldRound(literal: String, expected: String) throws {
        #expect(text(JSONSerializer.canonical(try JSONParser.parse(literal))) == expected)
    }
}
