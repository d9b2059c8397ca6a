import Calico
import Documents
import Domain

// Measures validation, lints, selectors and the overlap check. Prints the time of one operation in nanoseconds, as
// the median of eleven rounds.

/// A policy of about 1 KB, the typical size of a policy between security groups.
let policy = Array(
    #"""
    {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web-from-apps",
    "labels":{"team":"net","purpose":"benchmark"},"annotations":{"example.com/ticket":"NET-4711"}},"spec":{
    "order":500,"selector":"projectcalico.org/namespace == 'openstack-region-xyz-east' && has(sg.projectcalico.org/openstack-a7734e61-b545-452d-a3cd-0189cbd9747a)",
    "types":["Ingress","Egress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"selector":
    "projectcalico.org/namespace == 'openstack-region-xyz-west' && has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)"},
    "destination":{"ports":[80,443,"8080:8090"]}},{"action":"Allow","protocol":"UDP","source":{"nets":
    ["10.1.0.0/16","10.2.0.0/16"]},"destination":{"ports":[53]}},{"action":"Deny","source":{"notNets":["10.0.0.0/8"]}}],
    "egress":[{"action":"Allow","protocol":"TCP","destination":{"nets":["192.0.2.0/24"],"ports":[443]}}]}}
    """#.utf8)

let selectorText =
    "projectcalico.org/namespace == 'openstack-region-xyz-west'"
    + " && has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)"

let labels = [
    "projectcalico.org/namespace": "openstack-region-xyz-west",
    "projectcalico.org/orchestrator": "openstack",
    "projectcalico.org/openstack-project-id": "4f5c8a5c0f0e4d2a8f6d1c2b3a495867",
    "sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5": "apps",
    "sg-name.projectcalico.org/openstack-apps": "85cc3048-abc3-43cc-89b3-377341426ac5",
]

/// Returns the time of one call of `body` in nanoseconds, as the median of eleven rounds of `calls` calls.
func median(calls: Int, _ body: (Int) -> Bool) -> Double {
    var results: [Double] = []
    var sum = 0
    for _ in 0..<11 {
        let elapsed = ContinuousClock().measure {
            for call in 0..<calls where body(call) { sum += 1 }
        }
        let (seconds, attoseconds) = elapsed.components
        results.append(
            (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(calls))
    }
    // Uses `sum`, so that the compiler cannot remove the measured calls.
    precondition(sum > 0)
    return results.sorted()[5]
}

func row(_ what: String, _ nanoseconds: Double, bar: Int) {
    print("| \(what) | \(Int(nanoseconds.rounded())) | \(bar) |")
}

guard let selector = try? Selector(parsing: selectorText),
    let stored = CalicoValidator.judge(
        (try? JSONParser.parse(policy)) ?? .null, kind: .globalNetworkPolicy
    ).stored
else { preconditionFailure("the samples are not valid") }

print("| operation | ns | bar |\n|---|---|---|")
row(
    "policy of \(policy.count) bytes: JSON to verdict",
    median(calls: 500) { _ in
        guard let document = try? JSONParser.parse(policy) else { return false }
        return CalicoValidator.judge(document, kind: .globalNetworkPolicy).stored != nil
    }, bar: 100_000)
row(
    "its lints",
    median(calls: 500) { _ in PolicyLinter.lint(stored, knownRegions: []).count > 0 },
    bar: 100_000)
row(
    "selector of \(selectorText.utf8.count) bytes: parse",
    median(calls: 10_000) { _ in (try? Selector(parsing: selectorText)) != nil }, bar: 5_000)
row("the same: evaluate", median(calls: 100_000) { _ in selector.matches(labels) }, bar: 500)

var trie = CIDRMap<Int32>()
for index in 0..<1_000_000 {
    // Inserts one million networks of 16 addresses, from 10.0.0.0 on.
    let bits = UInt32(10 << 24) + UInt32(index) * 16
    let text = "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)/28"
    if let cidr = try? CIDR(parsing: text) { trie.insert(cidr, Int32(index)) }
}
let probes = (0..<1_000).compactMap { index in
    try? CIDR(parsing: "10.\(index % 15).\(index % 250).\((index * 16) & 240)/28")
}
row(
    "overlap check among 1,000,000 subnets",
    median(calls: 100_000) { !trie.overlapping(probes[$0 % probes.count]).isEmpty }, bar: 5_000)
