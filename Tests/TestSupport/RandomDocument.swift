package import Documents

/// Generates random JSON values. Their texts and numbers are difficult for parsers and serializers.
package struct RandomDocument {
    package var random: SeededGenerator

    package init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    package static let awkward = [
        "", " ", "y", "N", "no", "ON", "Off", "true", "null", "~", "012", "0o17", "0x1F", "0b1",
        "1e3",
        "1_000", "2001-01-01", "2001-12-14 21:59:43", "1:30", "12:30:45", ".inf", ".5", "-1", "+1",
        "1.0", "<<", "=", "-", "- a", "?", "? a", ": a", "a: b", "a:", "a #b", "#a", "a#b", " a",
        "a ",
        "\ta", "a\t", "a\n", "\n", "a\nb", "a\r\nb", "*a", "&a", "!a", "!!str", "%a", "@a", "`a",
        "|",
        ">", "'", "\"", "''", "'a'", "\"a\"", "\\", "[", "]", "{}", "[a]", "{a: b}", ",", "---",
        "--- a", "...", "é", "日本", "😀", "\u{0}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}",
        "a\u{FEFF}", "\u{FFFE}", "\u{FFFF}", "e\u{301}", "1.2.3.4", "10.0.0.0/8", "fe80::", "::1",
        "has(sg-name.projectcalico.org/openstack-production)", "a == 'b' && c != \"d\"",
        String(repeating: "long ", count: 400), String(repeating: "k", count: 1_100),
        String(repeating: "\u{1}", count: 300),
    ]

    package mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth > 5 ? 6 : 10), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .number(JSONNumber(Int64.random(in: .min ... .max, using: &random)))
        case 3: .number(float())
        case 4, 5: .string(text())
        case 6, 7:
            .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth: depth + 1) })
        default: .object(object(depth: depth))
        }
    }

    private mutating func object(depth: Int) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            object[text()] = value(depth: depth + 1)
        }
        return object
    }

    private mutating func float() -> JSONNumber {
        let exponents = UInt64.random(in: 0..<0x7FF, using: &random) << 52
        let bits = exponents | (UInt64.random(in: 0..<(1 << 52), using: &random))
        return JSONNumber(uncheckedLiteral: Double(bitPattern: bits).description)
    }

    private mutating func text() -> String {
        if Bool.random(using: &random), let text = Self.awkward.randomElement(using: &random) {
            return text
        }
        var text = ""
        for _ in 0..<Int.random(in: 0..<12, using: &random) {
            let limit: UInt32 = Bool.random(using: &random) ? 0x7F : 0x11_0000
            let number = UInt32.random(in: 0..<limit, using: &random)
            if let scalar = Unicode.Scalar(number) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
