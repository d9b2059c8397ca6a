import Documents
import Domain

extension RuleID {
    static let action = RuleID("rule.action")
    static let ipVersion = RuleID("rule.ip-version")
}

/// One rule of a policy.
enum PolicyRules {
    static let all: [RuleID] = [.action, .ipVersion]

    static let actions = ["Allow", "Deny", "Log", "Pass"]

    static func check(
        _ rule: GoRecord, _ direction: PolicyDirection, kind: ResourceKind,
        into report: inout ViolationReport
    ) {
        let action = rule.string("action")
        if !actions.contains(action) {
            report.add(
                .action, at: rule.pointer(to: "action"),
                (action.isEmpty ? "is required: " : "must be ") + "Allow, Deny, Log or Pass")
        }
        if let version = rule.integer("ipVersion"), version != 4, version != 6 {
            report.add(
                .ipVersion, at: rule.pointer(to: "ipVersion"), "must be 4 or 6, not \(version)")
        }
        ProtocolRules.check(rule, into: &report)
        PortRules.check(rule, into: &report)
        NetRules.check(rule, into: &report)
        for side in PolicySide.allCases {
            if let entity = rule.record(side.rawValue) { EntityRules.check(entity, into: &report) }
        }
        ServiceRules.check(rule, direction, kind: kind, into: &report)
        HTTPRules.check(rule, direction, into: &report)
        if let metadata = rule.record("metadata") {
            MetadataRules.annotations(of: metadata, into: &report)
        }
    }
}

/// The two ends of a rule's traffic.
enum PolicySide: String, CaseIterable {
    case source, destination
}
