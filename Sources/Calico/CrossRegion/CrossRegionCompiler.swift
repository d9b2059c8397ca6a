package import Documents
package import Domain

/// Compiles a CrossRegionPolicy into Calico's policies.
///
/// Each receiving side becomes one policy. Several of these policies may apply to the same endpoint, and the order of
/// the policies depends on the release of Calico. Up to 3.31, Calico sorts policies with the same `order` by name.
/// Later releases sort these policies by `name/namespace/kind`, which puts `web-01` before `web` (Felix `PolKVLess`).
/// Each policy must therefore be correct without the others. So each policy repeats, before its `allow` rules, every
/// `deny` rule that may concern the same endpoints.
package enum CrossRegionCompiler {
    /// The maximum number of compiled policies for one CrossRegionPolicy. The number in the name of a compiled policy
    /// has at most two digits.
    package static let maximumPolicies = 99

    /// Returns the compiled policies, or the violations.
    ///
    /// - Parameter subnetCIDR: returns the network of a registered subnet, nil for an unknown subnet. An unknown subnet
    ///   is a violation if a rule needs the subnet's network.
    package static func compile(
        _ policy: CrossRegionPolicy, subnetCIDR: (SubnetID) -> CIDR?
    ) -> CrossRegionCompilation {
        withoutActuallyEscaping(subnetCIDR) { subnetCIDR in
            compile(policy, subnets: SubnetLookup(subnetCIDR))
        }
    }

    /// Returns the name of the compiled policy number `index`: `web`, `web-01`, `web-02`.
    package static func name(_ name: String, index: Int) -> String {
        guard index > 0 else { return name }
        return name + (index < 10 ? "-0" : "-") + String(index)
    }

    private static func compile(
        _ policy: CrossRegionPolicy, subnets: SubnetLookup
    ) -> CrossRegionCompilation {
        let groups = ReceiverGroup.groups(of: policy)
        guard groups.count <= maximumPolicies else {
            return CrossRegionCompilation(violations: [.tooManyGroups(groups.count)])
        }
        var subnets = subnets
        var result = CrossRegionCompilation()
        for (index, group) in groups.enumerated() {
            var writer = PolicyWriter(group, subnets: subnets)
            writer.add(group.deny, isDeny: true)
            // Copies the `deny` rules of other receivers only if the policy has `allow` rules. Without `allow` rules,
            // the policy lets in nothing.
            if !group.allow.isEmpty {
                for other in groups where !other.deny.isEmpty && other.terms != group.terms {
                    writer.copyDenials(of: other)
                }
            }
            writer.add(group.allow, isDeny: false)
            subnets = writer.subnets
            result.violations += writer.violations
            judge(writer.document(of: policy, index: index), writer.origins, into: &result)
        }
        // A rule that is in several policies may give the same violation several times, so repetitions are removed.
        var seen: Set<Violation> = []
        result.violations = (subnets.violations + result.violations).filter {
            seen.insert($0).inserted
        }
        if !result.violations.isEmpty { result.policies = [] }
        return result
    }

    private static func judge(
        _ document: JSONValue, _ origins: RuleOrigins, into result: inout CrossRegionCompilation
    ) {
        let verdict = CalicoValidator.judge(document, kind: .globalNetworkPolicy)
        result.violations += verdict.violations.map { violation in
            Violation(
                pointer: origins.sourcePointer(of: violation.pointer), rule: violation.rule,
                message: violation.message)
        }
        guard let judged = verdict.stored else { return }
        result.policies.append(
            CompiledPolicy(
                name: document["metadata"]?["name"]?.stringValue ?? "", document: document,
                judged: judged, origins: origins))
    }
}

/// The rules of one receiving side, which become one policy.
struct ReceiverGroup {
    /// The terms that select the policy's endpoints.
    let terms: [PeerTerm]
    /// The pointer of the first receiver in the client's document.
    let pointer: String
    var deny: [CrossRegionRule] = []
    var allow: [CrossRegionRule] = []

    /// Returns true if it is certain that no endpoint belongs to both groups.
    func isDisjoint(from other: ReceiverGroup) -> Bool {
        terms.contains { term in other.terms.contains(where: term.excludes) }
    }

    /// Returns the groups of a policy in the order of the document. The groups of `deny` rules come first.
    static func groups(of policy: CrossRegionPolicy) -> [ReceiverGroup] {
        var groups: [ReceiverGroup] = []
        var indexes: [[PeerTerm]: Int] = [:]
        func index(_ rule: CrossRegionRule) -> Int {
            let terms = rule.to.receiverTerms
            if let index = indexes[terms] { return index }
            groups.append(ReceiverGroup(terms: terms, pointer: rule.to.pointer))
            indexes[terms] = groups.count - 1
            return groups.count - 1
        }
        for rule in policy.deny { groups[index(rule)].deny.append(rule) }
        for rule in policy.allow { groups[index(rule)].allow.append(rule) }
        return groups
    }
}

extension RuleID {
    /// Violated when a CrossRegionPolicy has more receiving sides than `CrossRegionCompiler.maximumPolicies`.
    package static let crossRegionGroupCount = RuleID("cross-region.receiver-count")
    /// Violated when a rule cannot match any packet.
    package static let crossRegionNeverMatches = RuleID("cross-region.never-matches")
    /// Violated when a policy names a region that is not registered.
    package static let crossRegionUnknownRegion = RuleID("cross-region.unknown-region")
    /// Violated when a policy names a subnet that is not registered.
    package static let crossRegionUnknownSubnet = RuleID("cross-region.unknown-subnet")
    /// Warns that a name is too long for a label. The label holds only the start of the name.
    package static let lintNameCut = RuleID("lint.name-cut")
}

extension CrossRegionCompiler {
    /// Every rule that the compiler and `CrossRegionReferences` can report, except Calico's rules.
    package static let rules: [RuleID] = [
        .crossRegionGroupCount, .crossRegionNeverMatches, .crossRegionUnknownRegion,
        .crossRegionUnknownSubnet,
    ]
}

extension Violation {
    static func tooManyGroups(_ count: Int) -> Violation {
        Violation(
            pointer: "/spec", rule: .crossRegionGroupCount,
            message:
                "has \(count) different receiving sides, and each of them needs a policy of its own;"
                + " at most \(CrossRegionCompiler.maximumPolicies) policies are allowed: split this into several documents"
        )
    }

    static func neverMatches(_ rule: CrossRegionRule) -> Violation {
        Violation(
            pointer: rule.pointer, rule: .crossRegionNeverMatches,
            message:
                "no packet can match this rule: check that its networks are all IPv4 or all IPv6,"
                + " that they are inside the subnet, and that its protocol fits their IP version")
    }

    static func unknownRegion(_ region: Located<String>) -> Violation {
        Violation(
            pointer: region.pointer, rule: .crossRegionUnknownRegion,
            message: "there is no region \(region.value); register it first or correct the name")
    }

    static func unknownSubnet(_ subnet: Located<SubnetID>) -> Violation {
        Violation(
            pointer: subnet.pointer, rule: .crossRegionUnknownSubnet,
            message: "there is no subnet \(subnet.value); register it first or correct the name")
    }
}
