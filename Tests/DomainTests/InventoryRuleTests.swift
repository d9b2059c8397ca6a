import Documents
import Domain
import TestSupport
import Testing

/// One refused document for each rule that reading the inventory can apply.
struct InventoryRuleTests {
    static let refused: [(document: JSONValue, rule: RuleID)] = [
        (["name": "b"], .nameMismatch), (["region": "b"], .regionMismatch),
        (["kind": "Region"], .kindMismatch), (["size": 1], .unknownField),
        (["cidr": .null], .missingField), (["cidr": 1], .wrongType), (["displayName": ""], .text),
        (["displayName": .string(String(repeating: "x", count: 256))], .text),
        (["description": "\u{7}"], .text),
        (["description": .string(String(repeating: "x", count: 4_097))], .text),
        (["revision": -1], .numberRange), (["labels": ["-": ""]], .labelKey),
        (["labels": ["a": "-"]], .labelValue), (["cidr": "x"], .cidrMalformed),
        (["cidr": "10.0.0.0"], .cidrPrefixLengthMissing), (["cidr": "10.0.0.1/8"], .cidrHostBits),
        (["cidr": "::ffff:10.0.0.0/104"], .cidrIPv4Mapped),
    ]

    @Test(arguments: refused)
    func appliesToASubnet(document: JSONValue, rule: RuleID) {
        let whole = MergePatch.apply(document, to: ["cidr": "10.0.0.0/24"])
        let violations = Subnet.decode(whole, region: "r", name: "a").violations
        #expect(violations.map(\.rule) == [rule])
        #expect(violations.allSatisfy { !$0.message.isEmpty && !$0.pointer.isEmpty })
    }

    @Test func everyRuleHasARefusedDocument() {
        var seen = Set(Self.refused.map(\.rule))
        // RegionNameTests, RegionDocumentTests, SubnetDocumentTests and BlankMemberTests have documents for these
        // rules.
        seen.formUnion([
            .blank,
            .regionName, .subnetName, .regionBlockCount, .regionBlocksOverlap, .allocationFamily,
        ])
        #expect(seen == Set(RuleID.inventoryRules))
    }

    @Test func ruleNamesAreUnique() {
        let names = RuleID.inventoryRules.map(\.name)
        #expect(Set(names).count == names.count)
    }

    /// Random documents give a value or violations, never neither.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aDocumentWithoutViolationsHasAValue(seed: UInt64) {
        var source = RandomDocument(seed: seed)
        let fields = [
            "kind", "name", "region", "cidr", "displayName", "labels", "revision", "addressBlocks",
            "prefixLength", "ipVersion", "within", "uid",
        ]
        let likely: [JSONValue] = ["a", "r", "10.0.0.0/24", 24, 4, .null, [:], ["::/0"], "Subnet"]
        for _ in 0..<200 {
            var object = JSONObject()
            for field in fields where Bool.random(using: &source.random) {
                object[field] =
                    Bool.random(using: &source.random)
                    ? likely.randomElement(using: &source.random) : source.value(depth: 4)
            }
            let document = JSONValue.object(object)
            let subnet = Subnet.decode(document, region: "r", name: "a")
            #expect(subnet.value != nil || !subnet.violations.isEmpty)
            let allocation = SubnetAllocation.decode(document)
            #expect(allocation.value != nil || !allocation.violations.isEmpty)
            let region = Region.decode(document, name: "r")
            #expect(region.value != nil || !region.violations.isEmpty)
        }
    }
}
