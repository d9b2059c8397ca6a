import Documents
import Domain

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

/// A policy's `spec` around its rules.
enum PolicySpecRules {
    static let all: [RuleID] = [
        .tierName, .tierLength, .ruleCount, .typesValue, .typesRepeated, .hintValue, .hintRepeated,
        .untrackedPreDNAT, .preDNATEgressRules, .preDNATEgressType, .applyOnForward,
    ]

    /// The CRDs' `maxItems` of each direction.
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
                    + " alphanumeric at both ends")
        }
        if tier.utf8.count > KubernetesText.maxLabelLength {
            report.add(
                .tierLength, at: spec.pointer(to: "tier"),
                "must have at most \(KubernetesText.maxLabelLength) characters,"
                    + " because it becomes a label's value; this has \(tier.utf8.count)")
        }
    }

    /// Checks a list of words: each one known, none twice.
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

    /// Flags for host endpoints; only a GlobalNetworkPolicy has them.
    private static func hostFlags(_ spec: GoRecord, into report: inout ViolationReport) {
        let untracked = spec.bool("doNotTrack")
        let preDNAT = spec.bool("preDNAT")
        if untracked && preDNAT {
            report.add(
                .untrackedPreDNAT, at: spec.pointer(to: "preDNAT"),
                "preDNAT and doNotTrack exclude each other: leave one of them out")
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
                "must be true when \(preDNAT ? "preDNAT" : "doNotTrack") is")
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
                "must have at most \(maxRules) rules; these are \(rules.count)")
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
