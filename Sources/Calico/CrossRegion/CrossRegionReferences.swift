package import Documents
package import Domain

/// The regions, subnets and labels that a CrossRegionPolicy refers to, with their pointers in the client's document.
package struct CrossRegionReferences: Sendable, Equatable {
    package var regions: [Located<String>] = []
    package var subnets: [Located<SubnetID>] = []
    /// The conditions that only VMs can satisfy, as one selector for each value in the document. The caller warns about
    /// a selector that matches no VM.
    package var selectors: [Located<Selector>] = []
    /// The conditions of the fields `selector` and `labels` of `from`, as one selector for each value. Network sets can
    /// satisfy these conditions too.
    package var sourceSelectors: [Located<Selector>] = []

    /// Returns a violation for each region and subnet that is not registered.
    package func violations(
        hasRegion: (String) -> Bool, hasSubnet: (SubnetID) -> Bool
    ) -> [Violation] {
        regions.filter { !hasRegion($0.value) }.map(Violation.unknownRegion)
            + subnets.filter { !hasSubnet($0.value) }.map(Violation.unknownSubnet)
    }
}

extension CrossRegionCompiler {
    package static func references(_ policy: CrossRegionPolicy) -> CrossRegionReferences {
        var references = CrossRegionReferences()
        for rule in policy.deny + policy.allow {
            for peer in [rule.from, rule.to] {
                references.regions += peer.regions
                references.subnets += peer.subnet.map { [$0] } ?? []
                references.selectors += peer.machineSelectors
            }
            references.sourceSelectors += rule.from.freeSelectors
            references.selectors += rule.to.freeSelectors
        }
        return references
    }
}

extension CrossRegionPeer {
    /// The conditions on labels that only VMs have, as one selector for each value. The field `regions` is left out.
    fileprivate var machineSelectors: [Located<Selector>] {
        var found = securityGroups.map { has(EndpointLabel.groupPrefix + $0.value, $0.pointer) }
        if let name = securityGroupName {
            found.append(has(EndpointLabel.groupNamePrefix + name.value.label, name.pointer))
        }
        if let project {
            found.append(equal(EndpointLabel.projectID, project.value, project.pointer))
        }
        if let name = projectName {
            found.append(equal(EndpointLabel.projectName, name.value.label, name.pointer))
        }
        if let name = network {
            found.append(equal(EndpointLabel.networkName, name.value.label, name.pointer))
        }
        return found
    }

    /// The selectors of the fields `labels` and `selector`, which may name any label.
    fileprivate var freeSelectors: [Located<Selector>] {
        labels.map { equal($0.value.key, $0.value.value, $0.pointer) }
            + (selector.map { [$0] } ?? [])
    }

    private func has(_ label: String, _ pointer: String) -> Located<Selector> {
        Located(Selector(.has(label)), at: pointer)
    }

    private func equal(_ label: String, _ value: String, _ pointer: String) -> Located<Selector> {
        let comparison = SelectorComparison(label: label, operation: .equal, values: [value])
        return Located(Selector(.comparison(comparison)), at: pointer)
    }
}

extension CrossRegionCompiler {
    /// Returns the warnings about a valid policy: the warnings of `PolicyLinter` about the compiled policies, and
    /// warnings about names that are too long for a label. Pointers refer to the client's document.
    package static func warnings(
        _ policy: CrossRegionPolicy, compiled: [CompiledPolicy], knownRegions: Set<String>?
    ) -> [Violation] {
        let found = nameWarnings(policy) + compiled.flatMap { lint($0, knownRegions) }
        var seen: Set<Violation> = []
        return found.filter { seen.insert($0).inserted }
    }

    private static func lint(
        _ compiled: CompiledPolicy, _ knownRegions: Set<String>?
    ) -> [Violation] {
        // A compiled policy can contain copies of another policy's rules. Warnings about a copy are left out, because
        // they would repeat the warnings about the original rule.
        PolicyLinter.lint(compiled.judged, knownRegions: knownRegions)
            .filter { !compiled.origins.isCopy($0.pointer) }
            .map { warning in
                Violation(
                    pointer: compiled.sourcePointer(of: warning.pointer), rule: warning.rule,
                    message: inSourceTerms(warning.message, compiled))
            }
    }

    /// Returns the message with pointers into the source instead of pointers into the compiled policy.
    private static func inSourceTerms(_ message: String, _ compiled: CompiledPolicy) -> String {
        message.split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.hasPrefix("/spec/ingress/")
                ? compiled.sourcePointer(of: String(word)) : String(word)
        }.joined(separator: " ")
    }

    private static func nameWarnings(_ policy: CrossRegionPolicy) -> [Violation] {
        (policy.deny + policy.allow).flatMap { [$0.from, $0.to] }.flatMap { peer in
            [peer.securityGroupName, peer.projectName, peer.network].compactMap { name in
                guard let name, name.value.isCut else { return nil }
                return Violation(
                    pointer: name.pointer, rule: .lintNameCut,
                    message:
                        "a label cannot hold the whole name, only \"\(name.value.label)\", so the rule"
                        + " matches every name with this short form; use the id to match exactly one object"
                )
            }
        }
    }
}
