import Documents
import Domain
import Testing

struct RegionDocumentTests {
    @Test func readsEveryField() throws {
        let document = try JSONParser.parse(
            #"""
            {"kind": "Region", "name": "xyz-west", "displayName": "West", "description": "a\nb\tc",
             "addressBlocks": ["10.1.0.0/16", "2001:DB8::/32"],
             "labels": {"zone": "a", "example.com/tier": "", "A_b.c-1": "x_Y.z-9"},
             "revision": 12, "uid": "u", "createdAt": "2026-01-05T11:22:33Z",
             "namespace": "openstack-region-xyz-west"}
            """#)
        let decoded = Region.decode(document, name: "xyz-west")
        #expect(decoded.violations.isEmpty)
        #expect(
            decoded.value
                == Region(
                    name: "xyz-west", displayName: "West", description: "a\nb\tc",
                    addressBlocks: [
                        try CIDR(parsing: "10.1.0.0/16"), try CIDR(parsing: "2001:db8::/32"),
                    ],
                    labels: ["zone": "a", "example.com/tier": "", "A_b.c-1": "x_Y.z-9"]))
        #expect(decoded.readOnly.revision == 12)
        #expect(decoded.readOnly.uid == Located("u", at: "/uid"))
        #expect(decoded.readOnly.createdAt?.value == "2026-01-05T11:22:33Z")
    }

    @Test func needsOnlyAName() {
        let decoded = Region.decode([:], name: "r")
        #expect(decoded.violations.isEmpty)
        #expect(decoded.value == Region(name: "r"))
    }

    @Test func reportsAllViolationsAtOnce() {
        let decoded = Region.decode(
            [
                "kind": "Subnet", "name": "other", "displayName": 1, "size": 1,
                "addressBlocks": ["10.0.0.1/8", 7, "10.0.0.0/8", "10.1.0.0/16"],
                "labels": ["policyserver/region": "x", "ok": "-"],
            ], name: "Bad")
        #expect(
            Set(decoded.violations.map { "\($0.pointer) \($0.rule)" }) == [
                "/kind kind.mismatch", "/name name.mismatch", "/name region.name",
                "/displayName document.wrong-type", "/size document.unknown-field",
                "/addressBlocks/0 cidr.host-bits", "/addressBlocks/1 document.wrong-type",
                "/addressBlocks/3 region.blocks-overlap",
                "/labels/policyserver~1region label.key", "/labels/ok label.value",
            ])
    }

    @Test func bothFamiliesMayShareTheirNumbers() {
        let decoded = Region.decode(["addressBlocks": ["0.0.0.0/0", "::/0"]], name: "r")
        #expect(decoded.violations.isEmpty)
    }

    @Test func takesUpTo64Blocks() {
        let blocks = (0..<65).map { JSONValue.string("10.\($0).0.0/16") }
        let most = Region.decode(["addressBlocks": .array(Array(blocks.dropLast()))], name: "r")
        #expect(most.violations.isEmpty)
        let tooMany = Region.decode(["addressBlocks": .array(blocks)], name: "r")
        #expect(tooMany.violations.map(\.rule) == [.regionBlockCount])
    }

    /// A label's key, its value, and the rule it breaks.
    @Test(
        arguments: [
            ("a", "", nil), ("a.b-c_d", "a.b-c_d", nil), ("ex.com/a", "A", nil), ("A", "9", nil),
            (long, long, nil), ("a", long + "x", .labelValue), (long + "x", "", .labelKey),
            ("", "", .labelKey), ("-a", "", .labelKey), ("a-", "", .labelKey),
            ("a b", "", .labelKey), ("ä", "", .labelKey), ("/a", "", .labelKey),
            ("ex.com/", "", .labelKey), ("EX.com/a", "", .labelKey), ("a..b/c", "", .labelKey),
            ("a/b/c", "", .labelKey), ("policyserver/x", "", .labelKey),
            ("projectcalico.org/x", "", .labelKey), ("a", "-a", .labelValue),
            ("sg.projectcalico.org/openstack-x", "", .labelKey),
            ("pcns.projectcalico.org/name", "openstack-region-west", .labelKey),
            ("a.b.projectcalico.org/x", "", .labelKey), ("myprojectcalico.org/x", "", nil),
            ("projectcalico.org.ex.com/x", "", nil), ("sg.projectcalico.org", "", nil),
            ("a", "a_", .labelValue), ("a", "a/b", .labelValue), ("a", "é", .labelValue),
            ("a", " ", .labelValue),
        ] as [(String, String, RuleID?)])
    func judgesLabelsAsKubernetesDoes(key: String, value: String, rule: RuleID?) {
        var labels = JSONObject()
        labels[key] = .string(value)
        let decoded = Region.decode(["labels": .object(labels)], name: "r")
        #expect(decoded.violations.map(\.rule) == (rule.map { [$0] } ?? []))
    }

    private static let long = String(repeating: "x", count: 63)
}
