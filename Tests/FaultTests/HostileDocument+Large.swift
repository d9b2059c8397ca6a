extension HostileDocument {
    private static func many(_ count: Int, _ separator: String = "", _ piece: (Int) -> String)
        -> String
    {
        (0..<count).map(piece).joined(separator: separator)
    }

    /// Texts that are not documents, or that exceed a limit of the reader.
    static let unreadable: [HostileDocument] = [
        .init(.region, #"{"a":1,"a":2}"#, 400, "document.duplicate-key", at: "/a", json: true),
        .init(.region, "labels:\n  a: 1\n  a: 2\n", 400, "document.duplicate-key", at: "/labels/a"),
        .init(.region, #"{"a":"\ud800"}"#, 400, "json.string", json: true),
        .init(.region, "\u{FEFF}{}", 400, "document.encoding", json: true),
        .init(.region, "", 400, "document.empty", json: true),
        .init(.region, "# \n", 400, "document.empty"),
        .init(.region, "{}{}", 400, "json.trailing-data", json: true),
        .init(.region, #"{"a":01}"#, 400, "json.number", json: true),
        .init(.region, "a: 1\n---\nb: 1\n", 400, "yaml.multiple-documents"),
        .init(.region, "a: !!binary eA==\n", 400, "yaml.tag"),
        .init(.region, "a: .inf\n", 400, "yaml.number"),
        .init(.region, "? [a]\n: 1\n", 400, "yaml.key"),
        .init(.region, "a: 1\n<<: {a: 2}\n", 400, "yaml.merge"),
        .init(.region, "a: *nobody\n", 400, "yaml.syntax"),
        .init(.region, "a: [", 400, "yaml.syntax"),
        .init(
            .region,
            "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                + "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                + "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
            413, "document.too-many-values"),
        .init(
            .policy, String(repeating: "[", count: 200_000), 413, "document.too-deep", json: true),
        .init(
            .policy,
            String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65),
            413, "document.too-deep", json: true),
        .init(
            .region, "[" + many(110_000, ",") { _ in "1" } + "]", 413, "document.too-many-values",
            json: true),
        .init(
            .region, "{" + many(60_000, ",") { "\"k\($0)\":1" } + "}", 413,
            "document.too-many-members", json: true),
        .init(.region, many(8_000) { "k\($0): 1\n" }, 413, "document.too-many-members"),
        .init(
            .region, "{\"a\":" + many(200_000) { _ in "7" } + "}", 413, "document.number-too-long",
            json: true),
        .init(
            .region, many(10_000) { "%TAG !a\($0)! tag:x,\n" } + "---\na: 1\n", 413,
            "document.too-many-directives"),
        // The keys are one word in different spellings. Unicode treats all of them as equal.
        .init(
            .region,
            "{"
                + many(8_192, ",") { number in
                    "\"" + (0..<13).map { number >> $0 & 1 == 1 ? "\u{e9}" : "e\u{301}" }.joined()
                        + "\":1"
                } + "}", 413, "document.too-many-members", json: true),
        .init(
            .region,
            "{" + many(2, ",") { _ in "\"" + String(repeating: "k", count: 400_000) + "\":1" }
                + "}", 400,
            "document.duplicate-key", json: true),
    ]

    /// Documents that break many rules, or one rule with much text. A region without blocks also gives up the blocks
    /// that contain its subnet, which is one more violation.
    static let refused: [HostileDocument] = [
        .init(
            .region, "{" + many(4_000, ",") { "\"k\($0)\":1" } + "}", 422, "document.unknown-field",
            count: 4_001, json: true),
        .init(.region, many(2_000) { "k\($0): 1\n" }, 422, "document.unknown-field", count: 2_001),
        .init(
            .region, "{" + many(4_000, ",") { "\"\\u0001\\u0002\($0)\":1" } + "}", 422,
            "document.unknown-field", count: 4_001, json: true),
        .init(
            .region, "{\"" + String(repeating: "k", count: 900_000) + "\":1}", 422,
            "document.unknown-field", count: 2, json: true),
        .init(
            .region, "{\"labels\":{" + many(4_000, ",") { "\"-\($0)\":\"-\"" } + "}}", 422,
            "label.key",
            count: 8_001, json: true),
        .init(
            .region, "{\"addressBlocks\":[" + many(50_000, ",") { _ in "\"x\"" } + "]}", 422,
            "region.block-count", json: true),
        .init(
            .region, "{\"displayName\":\"e" + String(repeating: "\u{301}", count: 300_000) + "\"}",
            422,
            "document.text", json: true),
        .init(
            .subnet, "{\"cidr\":\"e" + String(repeating: "\u{301}", count: 300_000) + "\"}", 422,
            "cidr.malformed", json: true),
        .init(
            .policy,
            "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"GlobalNetworkPolicy\",\"metadata\":{\"name\":\"p\"},"
                + "\"spec\":{\"ingress\":[{\"action\":\"Allow\",\"source\":{\"nets\":["
                + many(40_000, ",") { "\"10.\($0)\"" } + "]}}]}}", 422, "net.count", count: 40_001,
            json: true),
        .init(
            .policy,
            "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"GlobalNetworkPolicy\",\"metadata\":{\"name\":\"p\"},"
                + "\"spec\":{\"ingress\":[" + many(20_000, ",") { _ in "{\"acton\":1}" } + "]}}",
            422,
            "calico.unknown-field", json: true),
        .init(
            .policy,
            "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"GlobalNetworkPolicy\",\"metadata\":{\"name\":\"p\","
                + many(2_048, ",") { number in
                    let key = "annotations".enumerated().map { index, letter in
                        number >> index & 1 == 1 ? letter.uppercased() : String(letter)
                    }
                    return "\"\(key.joined())\":{\"a\(number)\":\"\"}"
                } + "},\"spec\":{}}", 422, "calico.repeated-field", count: 2_039, json: true),
        .init(
            .policy, policy("name: p", spec: "selector: \"" + many(60_000) { _ in "!(" } + "\""),
            422,
            "selector.syntax"),
        .init(
            .policy,
            policy(
                "name: p",
                spec: "selector: \"a == 'x' " + many(40_000) { _ in "&& a == 'x'" } + "\""),
            422, "selector.length"),
        .init(
            .policy, policy("name: " + String(repeating: "n", count: 300_000)), 422, "name.mismatch"
        ),
        .init(
            .policy, policy("name: p, resourceVersion: " + String(repeating: "r", count: 300_000)),
            422, "document.number-range"),
        .init(
            .crossRegion,
            crossRegion(
                spec: "allow: ["
                    + many(1_025, ",") { _ in "{from: {any: true}, to: {region: east}}" } + "]"),
            422, "cross-region.rule-count"),
        .init(
            .crossRegion,
            crossRegion(
                spec: "allow: [" + many(1_000, ",") { _ in "{from: {region: }, to: {}}" } + "]"),
            422, "document.blank", count: 2_000),
        .init(
            .crossRegion, crossRegion(from: "{nets: [" + many(5_000, ",") { _ in "x" } + "]}"), 422,
            "cidr.malformed", count: 5_000),
        .init(
            .apply, "[" + many(900, ",") { "\"\($0)\"" } + "]", 422, "document.wrong-type",
            count: 900, json: true),
        .init(
            .apply, many(400) { _ in "---\nkind: Region\nname: west\n" }, 422, "apply.repeated",
            count: 400),
        .init(
            .hold, "{\"reason\":\"x\"," + many(4_000, ",") { "\"k\($0)\":1" } + "}", 422,
            "document.unknown-field", count: 4_000, json: true),
        .init(
            .rollback, "{\"to\":1," + many(4_000, ",") { "\"k\($0)\":1" } + "}", 422,
            "document.unknown-field", count: 4_000, json: true),
    ]
}
