import Documents
import Domain
import Testing

/// One refused document for each rule that reading a CrossRegionPolicy can apply.
struct CrossRegionRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: RuleID
        let pointer: String
        let document: JSONValue

        var testDescription: String { "\(rule) at \(pointer)" }
    }

    /// A document with this member changed at the top.
    private static func top(_ rule: RuleID, _ pointer: String, _ patch: JSONValue) -> Case {
        Case(rule: rule, pointer: pointer, document: MergePatch.apply(patch, to: base))
    }

    /// A document with these members changed in its rule.
    private static func rule(_ rule: RuleID, _ place: String, _ patch: JSONValue) -> Case {
        let changed = MergePatch.apply(patch, to: ["from": ["region": "a"], "to": ["region": "b"]])
        return top(rule, "/spec/allow/0" + place, ["spec": ["allow": [changed]]])
    }

    /// A document whose rule has this peer as `from`.
    private static func from(_ rule: RuleID, _ place: String, _ peer: JSONValue) -> Case {
        let changed: JSONValue = ["from": peer, "to": ["region": "b"]]
        return top(rule, "/spec/allow/0/from" + place, ["spec": ["allow": [changed]]])
    }

    private static let base: JSONValue = [
        "kind": "CrossRegionPolicy", "metadata": ["name": "p"],
        "spec": ["allow": [["from": ["region": "a"], "to": ["region": "b"]]]],
    ]
    private static let group: JSONValue = "a7734e61-b545-452d-a3cd-0189cbd9747a"
    private static let manyRules = JSONValue.array(
        Array(repeating: ["from": ["any": true], "to": ["any": true]], count: 1_025))

    static let envelope: [Case] = [
        top(.wrongType, "/kind", ["kind": 1]), top(.missingField, "/kind", ["kind": .null]),
        top(.kindMismatch, "/kind", ["kind": "Region"]),
        top(.crossRegionAPIVersion, "/apiVersion", ["apiVersion": "projectcalico.org/v3"]),
        top(.unknownField, "/state", ["state": [:]]),
        Case(
            rule: .blank, pointer: "/spec",
            document: ["kind": "CrossRegionPolicy", "metadata": ["name": "p"], "spec": .null]),
        top(.missingField, "/metadata", ["metadata": .null]),
        top(.missingField, "/metadata/name", ["metadata": ["name": .null]]),
        top(.nameMismatch, "/metadata/name", ["metadata": ["name": "q"]]),
        top(.unknownField, "/metadata/namespace", ["metadata": ["namespace": "x"]]),
        top(.wrongType, "/metadata/labels", ["metadata": ["labels": []]]),
        top(.labelKey, "/metadata/labels/-", ["metadata": ["labels": ["-": ""]]]),
        top(
            .labelKey, "/metadata/labels/policyserver~1x",
            [
                "metadata": ["labels": ["policyserver/x": ""]]
            ]),
        top(.labelValue, "/metadata/labels/a", ["metadata": ["labels": ["a": "-"]]]),
        top(.wrongType, "/metadata/labels/a", ["metadata": ["labels": ["a": 1]]]),
        top(.numberRange, "/metadata/resourceVersion", ["metadata": ["resourceVersion": "-1"]]),
        top(.wrongType, "/metadata/resourceVersion", ["metadata": ["resourceVersion": true]]),
        top(.missingField, "/spec", ["spec": .null]), top(.wrongType, "/spec", ["spec": []]),
        top(.unknownField, "/spec/selector", ["spec": ["selector": "all()"]]),
        top(.text, "/spec/description", ["spec": ["description": ""]]),
        top(.wrongType, "/spec/order", ["spec": ["order": "10"]]),
        top(
            .crossRegionOrder, "/spec/order",
            [
                "spec": ["order": .number(JSONNumber(uncheckedLiteral: "-1e999"))]
            ]),
        top(.crossRegionNoRules, "/spec", ["spec": ["allow": []]]),
        top(.crossRegionNoRules, "/spec", ["spec": ["allow": .null]]),
        top(.wrongType, "/spec/deny", ["spec": ["deny": [:]]]),
        top(.crossRegionRuleCount, "/spec/deny", ["spec": ["deny": manyRules]]),
        top(.wrongType, "/spec/deny/0", ["spec": ["deny": ["x"]]]),
    ]

    static let rules: [Case] = [
        rule(.missingField, "/from", ["from": .null]), rule(.missingField, "/to", ["to": .null]),
        rule(.unknownField, "/action", ["action": "Allow"]),
        rule(.unknownField, "/a~1b", ["a/b": 1]),
        rule(.crossRegionProtocol, "/protocol", ["protocol": "tcp"]),
        rule(.crossRegionProtocol, "/protocol", ["protocol": "GRE"]),
        rule(.crossRegionProtocol, "/protocol", ["protocol": 0]),
        rule(.crossRegionProtocol, "/protocol", ["protocol": 256]),
        rule(.wrongType, "/protocol", ["protocol": true]),
        rule(.crossRegionPortProtocol, "/ports", ["ports": [80]]),
        rule(.crossRegionPortProtocol, "/ports", ["protocol": "ICMP", "ports": [80]]),
        rule(.crossRegionPortProtocol, "/ports", ["protocol": 47, "ports": [80]]),
        rule(.wrongType, "/ports", ["protocol": "TCP", "ports": 80]),
        rule(.crossRegionEmptyList, "/ports", ["protocol": "TCP", "ports": []]),
        rule(
            .crossRegionPortCount, "/ports",
            [
                "protocol": "TCP", "ports": .array(Array(repeating: 1, count: 51)),
            ]),
        rule(.crossRegionNoReceiver, "/to", ["to": ["region": .null, "nets": ["10.0.0.0/8"]]]),
        rule(.crossRegionNoReceiver, "/to", ["to": ["region": .null, "notNets": ["::/8"]]]),
    ]

    static let ports: [Case] = [
        0, 65_536, -1, "", "http", "1:", ":1", "2:1", "1:2:3", "+1", "1-2", "1:65536", .null, true,
        .number(JSONNumber(uncheckedLiteral: "80.5")),
    ]
    .map { rule(.crossRegionPort, "/ports/1", ["protocol": "TCP", "ports": [1, $0]]) }

    static let peers: [Case] = [
        from(.wrongType, "", "any"), from(.crossRegionPeerEmpty, "", [:]),
        from(.blank, "/region", ["region": .null]), from(.unknownField, "/x", ["x": 1]),
        from(.crossRegionAny, "/any", ["any": false]),
        from(.crossRegionAny, "/any", ["any": true, "region": "a"]),
        from(.crossRegionAny, "/any", ["any": true, "nets": ["::/0"]]),
        from(.wrongType, "/region", ["region": ["a"]]),
        from(.regionName, "/region", ["region": "RegionOne"]),
        from(.regionName, "/regions/1", ["regions": ["a", "none"]]),
        from(.wrongType, "/regions/0", ["regions": [1]]),
        from(.crossRegionBothForms, "/region", ["region": "a", "regions": ["b"]]),
        from(.crossRegionEmptyList, "/regions", ["regions": []]),
        from(.crossRegionRepeated, "/regions/1", ["regions": ["a", "a"]]),
        from(.crossRegionGroupID, "/securityGroup", ["securityGroup": "web"]),
        from(
            .crossRegionGroupID, "/securityGroup",
            [
                "securityGroup": "A7734E61-b545-452d-a3cd-0189cbd9747a"
            ]),
        from(.crossRegionRepeated, "/securityGroups/1", ["securityGroups": [group, group]]),
        from(
            .crossRegionBothForms, "/securityGroup",
            [
                "securityGroup": group, "securityGroups": ["85cc3048-abc3-43cc-89b3-377341426ac5"],
            ]),
        from(.crossRegionOpenStackName, "/securityGroupName", ["securityGroupName": "日本"]),
        from(.crossRegionOpenStackName, "/projectName", ["projectName": ""]),
        from(.crossRegionOpenStackName, "/network", ["network": "-_."]),
        from(.crossRegionProjectID, "/project", ["project": ""]),
        from(.crossRegionProjectID, "/project", ["project": "a b"]),
        from(.crossRegionSubnet, "/subnet", ["subnet": "web-1"]),
        from(.crossRegionSubnet, "/subnet", ["subnet": "a/b/c"]),
        from(.crossRegionSubnet, "/subnet", ["subnet": "A/b"]),
        from(.crossRegionSubnetRegion, "/subnet", ["subnet": "a/x", "regions": ["b", "c"]]),
        from(.cidrMalformed, "/nets/0", ["nets": ["x"]]),
        from(.cidrPrefixLengthMissing, "/nets/0", ["nets": ["10.0.0.0"]]),
        from(.cidrHostBits, "/notNets/0", ["notNets": ["10.0.0.1/8"]]),
        from(.cidrIPv4Mapped, "/nets/0", ["nets": ["::ffff:10.0.0.0/104"]]),
        from(.crossRegionEmptyList, "/nets", ["nets": []]),
        from(.crossRegionRepeated, "/nets/1", ["nets": ["10.0.0.0/8", "10.0.0.0/8"]]),
        from(.crossRegionNetExcludesAll, "/notNets/0", ["notNets": ["0.0.0.0/0"]]),
        from(.wrongType, "/labels", ["labels": "a"]),
        from(.crossRegionEmptyList, "/labels", ["labels": [:]]),
        from(.labelKey, "/labels/a b", ["labels": ["a b": "c"]]),
        from(.labelValue, "/labels/a", ["labels": ["a": "\"b\""]]),
        from(
            .crossRegionGroupLabel, "/labels/sg.projectcalico.org~1openstack-x",
            [
                "labels": ["sg.projectcalico.org/openstack-x": "x"]
            ]),
        from(.crossRegionSelector, "/selector", ["selector": "a = 'b'"]),
        from(.crossRegionSelector, "/selector", ["selector": " "]),
        from(.crossRegionSelector, "/selector", ["selector": "a == 'b' || global()"]),
    ]

    static let refused = envelope + rules + ports + peers

    @Test(arguments: refused)
    func refuses(row: Case) {
        let decoded = CrossRegionPolicy.decode(row.document, name: "p")
        #expect(decoded.violations.map(\.rule) == [row.rule], "\(decoded.violations)")
        #expect(decoded.violations.map(\.pointer) == [row.pointer])
        #expect(decoded.violations.allSatisfy { !$0.message.isEmpty })
    }

    @Test(arguments: ["", "a.b", "A", "a_b", "-a", "a-", String(repeating: "a", count: 243)])
    func refusesNames(name: String) {
        let document = MergePatch.apply(["metadata": ["name": .string(name)]], to: Self.base)
        let decoded = CrossRegionPolicy.decode(document, name: name)
        #expect(decoded.violations.map(\.rule) == [.crossRegionName])
    }

    @Test func everyRuleHasARefusedDocument() {
        let seen = Set(Self.refused.map(\.rule)).union([.crossRegionName])
        #expect(seen == Set(RuleID.crossRegionRules))
        #expect(Set(RuleID.crossRegionRules).count == RuleID.crossRegionRules.count)
    }
}
