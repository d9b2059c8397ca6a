import Documents
import Domain

extension RuleID {
    static let tierAction = RuleID("tier.default-action")
    static let tierWellKnownAction = RuleID("tier.well-known-action")
    static let tierWellKnownOrder = RuleID("tier.well-known-order")
}

/// A Tier's `spec`; Calico fixes order and action of the three tiers it makes itself.
enum TierRules {
    static let all: [RuleID] = [.tierAction, .tierWellKnownAction, .tierWellKnownOrder]

    private static let wellKnown: [String: (order: Double, action: String)] = [
        "default": (1_000_000, "Deny"), "kube-admin": (1_000, "Pass"),
        "kube-baseline": (10_000_000, "Pass"),
    ]

    static func check(_ spec: GoRecord, name: String, into report: inout ViolationReport) {
        let action = spec.string("defaultAction")
        if action != "Pass", action != "Deny" {
            report.add(.tierAction, at: spec.pointer(to: "defaultAction"), "must be Deny or Pass")
        }
        guard let fixed = wellKnown[name] else { return }
        if action != fixed.action {
            report.add(
                .tierWellKnownAction, at: spec.pointer(to: "defaultAction"),
                "must be \(fixed.action) for the tier \(name)")
        }
        if spec.number("order") != fixed.order {
            report.add(
                .tierWellKnownOrder, at: spec.pointer(to: "order"),
                "must be \(GoFloat.json(fixed.order)) for the tier \(name)")
        }
    }
}
