import Documents
import Domain

extension RuleID {
    static let action = RuleID("rule.action")
    static let ipVersion = RuleID("rule.ip-version")
}

/// Validation rules about one traffic rule of a policy.
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

extension RuleID {
    static let tierName = RuleID("policy.tier-name")
    static let tierLength = RuleID("policy.tier-length")
    static let ruleCount = RuleID("policy.rule-count")
    static let typesValue = RuleID("policy.types-value")
    static let typesRepeated = RuleID("policy.types-repeated")
    static let hintValue = RuleID("policy.hint-value")
    static let hintRepeated = RuleID("policy.hint-repeated")
    static let untrackedPreDNAT = RuleID("policy.untracked-and-prednat")
    static let preDNATEgressRules = RuleID("policy.prednat-egress-rules")
    static let preDNATEgressType = RuleID("policy.prednat-egress-type")
    static let applyOnForward = RuleID("policy.apply-on-forward")
}

/// Validation rules about a policy's `spec`, except its traffic rules.
enum PolicySpecRules {
    static let all: [RuleID] = [
        .tierName, .tierLength, .ruleCount, .typesValue, .typesRepeated, .hintValue, .hintRepeated,
        .untrackedPreDNAT, .preDNATEgressRules, .preDNATEgressType, .applyOnForward,
    ]

    /// The maximum number of rules in each direction (`maxItems` of the CRDs).
    static let maxRules = 1_024

    static func check(_ spec: GoRecord, kind: ResourceKind, into report: inout ViolationReport) {
        tier(spec, into: &report)
        values(
            "types", of: spec, among: ["Ingress", "Egress"], .typesValue, .typesRepeated,
            into: &report)
        values(
            "performanceHints", of: spec, among: ["AssumeNeededOnEveryNode"], .hintValue,
            .hintRepeated, into: &report)
        for name in ["selector", "serviceAccountSelector", "namespaceSelector"] {
            SelectorRules.check(name, of: spec, [.limited, .notGlobal], into: &report)
        }
        hostFlags(spec, into: &report)
        for direction in PolicyDirection.allCases {
            rules(direction, of: spec, kind: kind, into: &report)
        }
    }

    private static func tier(_ spec: GoRecord, into report: inout ViolationReport) {
        let tier = spec.string("tier")
        if !KubernetesText.isSubdomain(tier) {
            report.add(
                .tierName, at: spec.pointer(to: "tier"),
                "must be the name of a tier: lower-case letters, digits and '-',"
                    + " with a letter or digit at both ends")
        }
        if tier.utf8.count > KubernetesText.maxLabelLength {
            report.add(
                .tierLength, at: spec.pointer(to: "tier"),
                "must have at most \(KubernetesText.maxLabelLength) characters,"
                    + " because it is also stored as the value of a label; it has \(tier.utf8.count)"
            )
        }
    }

    /// Checks that each string in the list field `name` is one of `known` and occurs only once.
    private static func values(
        _ name: String, of spec: GoRecord, among known: [String], _ unknown: RuleID,
        _ repeated: RuleID, into report: inout ViolationReport
    ) {
        var seen: Set<String> = []
        for element in spec.list(name) {
            if !known.contains(element.text) {
                report.add(
                    unknown, at: element.pointer, "must be \(known.joined(separator: " or "))")
            } else if !seen.insert(element.text).inserted {
                report.add(repeated, at: element.pointer, "\(element.text) is already in the list")
            }
        }
    }

    /// Checks the flags for host endpoints, which only a GlobalNetworkPolicy has.
    private static func hostFlags(_ spec: GoRecord, into report: inout ViolationReport) {
        let untracked = spec.bool("doNotTrack")
        let preDNAT = spec.bool("preDNAT")
        if untracked && preDNAT {
            report.add(
                .untrackedPreDNAT, at: spec.pointer(to: "preDNAT"),
                "preDNAT and doNotTrack cannot be combined: leave one of them out")
        }
        if preDNAT, !spec.list("egress").isEmpty {
            report.add(
                .preDNATEgressRules, at: spec.pointer(to: "egress"),
                "a preDNAT policy has ingress rules only")
        }
        if preDNAT, let egress = spec.list("types").first(where: { $0.text == "Egress" }) {
            report.add(
                .preDNATEgressType, at: egress.pointer,
                "a preDNAT policy applies to Ingress only: write types: [Ingress]")
        }
        if untracked || preDNAT, !spec.bool("applyOnForward") {
            report.add(
                .applyOnForward, at: spec.pointer(to: "applyOnForward"),
                "must be true when \(preDNAT ? "preDNAT" : "doNotTrack") is true")
        }
    }

    private static func rules(
        _ direction: PolicyDirection, of spec: GoRecord, kind: ResourceKind,
        into report: inout ViolationReport
    ) {
        let rules = spec.records(direction.rawValue)
        if rules.count > maxRules {
            report.add(
                .ruleCount, at: spec.pointer(to: direction.rawValue),
                "must have at most \(maxRules) rules; it has \(rules.count)")
        }
        for rule in rules {
            PolicyRules.check(rule, direction, kind: kind, into: &report)
        }
    }
}

/// The two lists of rules in a policy.
enum PolicyDirection: String, CaseIterable {
    case ingress, egress
}

extension RuleID {
    static let tierAction = RuleID("tier.default-action")
    static let tierWellKnownAction = RuleID("tier.well-known-action")
    static let tierWellKnownOrder = RuleID("tier.well-known-order")
}

/// Rules about a Tier's `spec`. The order and action of the three tiers that Calico creates are fixed.
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
