package import Documents
import Domain

/// Warns about valid policies that probably do not have the intended effect.
///
/// The linter reads only the policy. Warnings about selectors that match nothing come from the control plane, which
/// knows the endpoints.
package enum PolicyLinter {
    /// Returns the warnings about `stored`, a valid GlobalNetworkPolicy or NetworkPolicy. Returns an empty list for
    /// other documents.
    ///
    /// - Parameter knownRegions: the names of the registered regions. If nil, names of regions are not checked.
    package static func lint(_ stored: JSONValue, knownRegions: Set<String>?) -> ViolationList {
        guard let kind = stored["kind"]?.stringValue.flatMap(ResourceKind.init(rawValue:)),
            kind.isPolicy, let schema = kind.schema
        else { return [] }
        var decoder = GoDecoder()
        let resource = decoder.record(stored, as: schema)
        guard let spec = resource.record("spec") else { return [] }
        var report = ViolationReport(decoding: [])
        SpecLints.check(spec, kind: kind, into: &report)
        SelectorLints.check(spec, knownRegions: knownRegions, into: &report)
        if let metadata = resource.record("metadata"), kind == .networkPolicy {
            SelectorLints.namespace(of: metadata, knownRegions: knownRegions, into: &report)
        }
        for direction in PolicyDirection.allCases {
            CoverageLint.check(spec.records(direction.rawValue), into: &report)
        }
        return report.violations
    }

    /// Returns the warnings about parts of the client's document that the stored form does not contain.
    package static func lint(written document: JSONValue, kind: ResourceKind) -> ViolationList {
        guard kind.isPolicy, let schema = kind.schema else { return [] }
        var report = ViolationReport(decoding: [])
        BlankLint.check(document, schema, into: &report)
        return report.violations
    }

    /// The rules of all lints.
    package static let rules: [RuleID] =
        SpecLints.all + SelectorLints.all + CoverageLint.all + BlankLint.all
}

extension RuleID {
    static let lintNoSelector = RuleID("lint.no-selector")
    static let lintDenyWithoutOrder = RuleID("lint.deny-without-order")
    static let lintOpenIngress = RuleID("lint.open-ingress")
}

/// Lints about a missing selector, about Deny rules without an order, and about ingress rules that let in everyone.
enum SpecLints {
    static let all: [RuleID] = [.lintNoSelector, .lintDenyWithoutOrder, .lintOpenIngress]

    static func check(_ spec: GoRecord, kind: ResourceKind, into report: inout ViolationReport) {
        if spec.string("selector").isEmpty {
            let reach = kind == .networkPolicy ? "every VM of its region" : "everything everywhere"
            report.add(
                .lintNoSelector, at: spec.pointer(to: "selector"),
                "without a selector the policy applies to \(reach); if that is intended, write all()"
            )
        }
        denyWithoutOrder(spec, into: &report)
        if spec.list("types").contains(where: { $0.text == "Ingress" }) {
            spec.records("ingress").forEach { openIngress($0, into: &report) }
        }
    }

    private static func denyWithoutOrder(_ spec: GoRecord, into report: inout ViolationReport) {
        guard spec["order"] == nil else { return }
        let rules = PolicyDirection.allCases.flatMap { spec.records($0.rawValue) }
        guard let deny = rules.first(where: { $0.string("action") == "Deny" }) else { return }
        report.add(
            .lintDenyWithoutOrder, at: deny.pointer(to: "action"),
            "a policy without order is evaluated last, after the security groups, so this Deny may have no effect:"
                + " add spec.order, such as 100")
    }

    private static func openIngress(_ rule: GoRecord, into report: inout ViolationReport) {
        guard rule.string("action") == "Allow" else { return }
        let source = rule.record("source") ?? rule.empty("source")
        let catchAll = source.list("nets").first {
            GoNetwork($0.text)?.isCatchAll ?? false
        }
        let names = [
            "nets", "notNets", "selector", "notSelector", "namespaceSelector", "services",
            "serviceAccounts",
        ]
        if let catchAll, names.dropFirst().allSatisfy({ source[$0] == nil }) {
            report.add(
                .lintOpenIngress, at: catchAll.pointer,
                "\(catchAll.text) allows traffic from every address; list only the networks that need access"
            )
        } else if names.allSatisfy({ source[$0] == nil }) {
            report.add(
                .lintOpenIngress, at: source.pointer,
                "without a source the rule allows traffic from every address;"
                    + " add source.selector or source.nets")
        }
    }
}
