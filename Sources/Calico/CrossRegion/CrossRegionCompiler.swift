import Documents
package import Domain

/// Makes Calico's policies of a CrossRegionPolicy.
///
/// One policy for each receiving side. An endpoint may be in several of them, and Calico's order of policies
/// with the same `order` depends on the release (Felix `PolKVLess`: by name up to 3.31, by
/// `name/namespace/kind` after, which puts `web-01` before `web`). So each policy is right alone: before its
/// `allow` it has every `deny` that may concern the same endpoints.
package enum CrossRegionCompiler {
    /// As many as two digits can number.
    package static let maximumPolicies = 99

    /// The policies that mean what `policy` says.
    ///
    /// - Parameter subnetCIDR: the network of a registered subnet; nil for an unknown one, which is refused
    ///   where its network has to be written.
    package static func compile(
        _ policy: CrossRegionPolicy, subnetCIDR: (SubnetReference) -> CIDR?
    ) -> CrossRegionCompilation {
        withoutActuallyEscaping(subnetCIDR) { subnetCIDR in
            compile(policy, subnets: SubnetLookup(subnetCIDR))
        }
    }

    /// The name of the compiled policy number `index`: `web`, `web-01`, `web-02`.
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
