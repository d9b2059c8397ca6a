import Documents
import Domain
import TestSupport

/// Random documents of CrossRegionPolicies about the things in `CrossRegionWorld`.
struct CrossRegionRandomSource {
    var random: SeededGenerator

    /// Returns a document in which all rules are legal.
    mutating func document(
        isUsable: (JSONValue) -> Bool
    ) -> JSONValue {
        var spec = JSONObject()
        if Bool.random(using: &random) { spec["order"] = 10 }
        for list in ["allow", "deny"] {
            let count = Int.random(in: list == "allow" ? 1...3 : 0...2, using: &random)
            var rules: [JSONValue] = []
            while rules.count < count {
                let rule = rule()
                let alone = Self.document(["allow": [rule]])
                if isUsable(alone) { rules.append(rule) }
            }
            spec[list] = .array(rules)
        }
        return Self.document(.object(spec))
    }

    private static func document(_ spec: JSONValue) -> JSONValue {
        ["kind": "CrossRegionPolicy", "metadata": ["name": "p"], "spec": spec]
    }

    private mutating func rule() -> JSONValue {
        var rule = JSONObject()
        rule["from"] = peer()
        rule["to"] = peer()
        switch Int.random(in: 0..<6, using: &random) {
        case 0: rule["protocol"] = pick(["ICMP", "ICMPv6", 1, 58, 6])
        case 1, 2:
            rule["protocol"] = pick(["TCP", "UDP", 6, "17"])
            rule["ports"] = pick([[80], ["53:80"], [53, "8080:8090"]])
        default: break
        }
        return .object(rule)
    }

    private mutating func peer() -> JSONValue {
        if Int.random(in: 0..<8, using: &random) == 0 { return ["any": true] }
        var peer = JSONObject()
        let fields: [(String, [JSONValue])] = [
            ("region", ["a", "b", "c"]), ("regions", [["a", "b"], ["b", "c"]]),
            ("securityGroup", CrossRegionWorld.groups.map { .string($0) }),
            ("securityGroups", [.array(CrossRegionWorld.groups.prefix(2).map { .string($0) })]),
            ("securityGroupName", CrossRegionWorld.groupNames.map { .string($0) }),
            ("project", ["p1", "p2"]), ("projectName", ["admin", "demo"]),
            ("network", ["net 0", "net/1"]),
            ("subnet", ["a/web", "a/db", "a/six", "b/web", "b/six"]),
            (
                "nets",
                [
                    ["10.0.0.0/8"], ["10.1.0.0/24", "2001:db8::/32"], ["10.1.0.0/29"],
                    ["192.0.2.0/25"],
                ]
            ),
            ("notNets", [["10.1.0.0/16"], ["2001:db8:1::/48", "10.2.0.0/16"], ["10.1.0.0/30"]]),
            ("labels", [["app": "x"], ["site": "x"], ["policyserver/region": "a"]]),
            ("selector", ["app == 'x' || app == 'y'", "!has(app)", "all()", "app != 'x'"]),
        ]
        // A subnet together with networks is the hardest case for the compiler.
        let dense = Int.random(in: 0..<4, using: &random) == 0 ? ["subnet", "nets", "project"] : []
        for (field, values) in fields
        where dense.contains(field) || Int.random(in: 0..<8, using: &random) == 0 {
            peer[field] = pick(values)
        }
        return .object(peer)
    }

    private mutating func pick(_ values: [JSONValue]) -> JSONValue {
        values.randomElement(using: &random) ?? .null
    }
}
