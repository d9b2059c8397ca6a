package import Documents
import Domain

extension RuleID {
    /// More receiving sides than there are numbers for policies.
    package static let crossRegionGroupCount = RuleID("cross-region.receiver-count")
    /// No packet can match.
    package static let crossRegionNeverMatches = RuleID("cross-region.never-matches")
    /// The region is not registered.
    package static let crossRegionUnknownRegion = RuleID("cross-region.unknown-region")
    /// The subnet is not registered.
    package static let crossRegionUnknownSubnet = RuleID("cross-region.unknown-subnet")
    /// A warning: the label has only the start of the name.
    package static let lintNameCut = RuleID("lint.name-cut")
}

extension CrossRegionCompiler {
    /// Every rule of its own that compiling or `CrossRegionReferences` can apply; Calico's come on top.
    package static let rules: [RuleID] = [
        .crossRegionGroupCount, .crossRegionNeverMatches, .crossRegionUnknownRegion,
        .crossRegionUnknownSubnet,
    ]
}

extension Violation {
    static func tooManyGroups(_ count: Int) -> Violation {
        Violation(
            pointer: "/spec", rule: .crossRegionGroupCount,
            message: "has \(count) different receiving sides, each a policy of its own; at most"
                + " \(CrossRegionCompiler.maximumPolicies) are possible: use several documents")
    }

    static func neverMatches(_ rule: CrossRegionRule) -> Violation {
        Violation(
            pointer: rule.pointer, rule: .crossRegionNeverMatches,
            message: "no packet can match: its networks are of different IP families or outside the"
                + " subnet, or its protocol has another family")
    }

    static func unknownRegion(_ region: Located<String>) -> Violation {
        Violation(
            pointer: region.pointer, rule: .crossRegionUnknownRegion,
            message: "there is no region \(region.value); register it first or correct the name")
    }

    static func unknownSubnet(_ subnet: Located<SubnetReference>) -> Violation {
        Violation(
            pointer: subnet.pointer, rule: .crossRegionUnknownSubnet,
            message: "there is no subnet \(subnet.value); register it first or correct the name")
    }
}
