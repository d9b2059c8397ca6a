package import Documents
import Domain

/// Warnings about valid policies that probably do not do what was meant.
///
/// Only what the policy itself shows; whether a selector matches anything now is for those who see endpoints.
package enum PolicyLinter {
    /// The warnings about `stored`, a valid GlobalNetworkPolicy or NetworkPolicy; none for other documents.
    ///
    /// `knownRegions` are the names of the registered regions; nil leaves names of regions unchecked.
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

    /// The warnings about what a client has written and what nothing is left of in the stored form.
    package static func lint(written document: JSONValue, kind: ResourceKind) -> ViolationList {
        guard kind.isPolicy, let schema = kind.schema else { return [] }
        var report = ViolationReport(decoding: [])
        BlankLint.check(document, schema, into: &report)
        return report.violations
    }

    /// Every lint.
    package static let rules: [RuleID] =
        SpecLints.all + SelectorLints.all + CoverageLint.all + BlankLint.all
}
