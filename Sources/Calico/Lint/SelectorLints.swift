package import Documents
package import Domain

extension RuleID {
    static let lintGroupEquality = RuleID("lint.group-equality")
    static let lintNamespaceSelector = RuleID("lint.namespace-selector")
    static let lintUnknownRegion = RuleID("lint.unknown-region")
}

/// Lints about selectors that probably do not match the intended objects of OpenStack.
enum SelectorLints {
    static let all: [RuleID] = [.lintGroupEquality, .lintNamespaceSelector, .lintUnknownRegion]

    static func check(
        _ spec: GoRecord, knownRegions: Set<String>?, into report: inout ViolationReport
    ) {
        let rules = PolicyDirection.allCases.flatMap { spec.records($0.rawValue) }
        let sides = rules.flatMap { rule in
            PolicySide.allCases.compactMap { rule.record($0.rawValue) }
        }
        for record in [spec] + sides {
            for name in ["selector", "notSelector"] {
                labels(name, of: record, knownRegions: knownRegions, into: &report)
            }
            namespaceSelector(of: record, into: &report)
        }
    }

    /// Warns if the namespace of a NetworkPolicy belongs to an unknown region.
    static func namespace(
        of metadata: GoRecord, knownRegions: Set<String>?, into report: inout ViolationReport
    ) {
        unknownRegion(
            in: metadata.string("namespace"), knownRegions, at: metadata.pointer(to: "namespace"),
            into: &report)
    }

    private static func labels(
        _ name: String, of record: GoRecord, knownRegions: Set<String>?,
        into report: inout ViolationReport
    ) {
        let pointer = record.pointer(to: name)
        guard let selector = try? Selector(parsing: record.string(name)) else { return }
        for comparison in selector.comparisons {
            if comparison.label.hasPrefix(EndpointLabel.groupPrefix) {
                report.add(
                    .lintGroupEquality, at: pointer,
                    "the value of \(comparison.label) is the group's name, not its id;"
                        + " to match members of the group, write has(\(comparison.label))")
            }
            // Checks only operators that compare whole values. Other operators compare a part of a value, and a part
            // need not be the name of a region.
            guard comparison.namesWholeValues else { continue }
            for value in comparison.values {
                switch comparison.label {
                case EndpointLabel.namespace:
                    unknownRegion(in: value, knownRegions, at: pointer, into: &report)
                case InventoryKey.regionLabel:
                    unknownRegion(value, knownRegions, at: pointer, into: &report)
                default: break
                }
            }
        }
    }

    private static func unknownRegion(
        in namespace: String, _ knownRegions: Set<String>?, at pointer: String,
        into report: inout ViolationReport
    ) {
        guard let region = RegionNamespace.region(of: namespace) else { return }
        unknownRegion(region, knownRegions, at: pointer, into: &report)
    }

    private static func unknownRegion(
        _ region: String, _ knownRegions: Set<String>?, at pointer: String,
        into report: inout ViolationReport
    ) {
        guard let knownRegions, !knownRegions.contains(region) else { return }
        report.add(
            .lintUnknownRegion, at: pointer,
            "there is no region \(region); register it first or correct the name")
    }

    private static func namespaceSelector(
        of record: GoRecord, into report: inout ViolationReport
    ) {
        guard let selector = try? Selector(parsing: record.string("namespaceSelector")),
            selector.root != .all, selector.root != .global
        else { return }
        report.add(
            .lintNamespaceSelector, at: record.pointer(to: "namespaceSelector"),
            "OpenStack's namespaces have no labels, so only all() and global() have an effect here;"
                + " to select the VMs of a region, add this to the selector instead:"
                + " \(EndpointLabel.namespace) == '\(RegionNamespace.prefix)<region>'")
    }
}

/// Finds the security groups in the selectors of a stored policy.
package enum GroupReferences {
    /// Returns one selector for each group that the policy names by id or by name. The selector matches the group's
    /// members. The pointer is the first position that names the group.
    package static func read(_ stored: JSONValue) -> [Located<Selector>] {
        var found: [Located<Selector>] = []
        var seen: Set<String> = []
        for (record, pointer) in records(stored) {
            for field in ["selector", "notSelector"] {
                guard let text = record[field]?.stringValue,
                    let selector = try? Selector(parsing: text)
                else { continue }
                selector.root.visit { node in
                    guard let label = node.label, EndpointLabel.isGroup(label),
                        seen.insert(label).inserted
                    else { return }
                    found.append(
                        Located(Selector(.has(label)), at: JSONPointer.append(pointer, field)))
                }
            }
        }
        return found
    }

    /// Returns the JSON objects of the policy that hold selectors of endpoints: the spec and both sides of every rule.
    private static func records(_ stored: JSONValue) -> [(JSONValue, pointer: String)] {
        guard let spec = stored["spec"] else { return [] }
        var records = [(spec, pointer: "/spec")]
        for direction in PolicyDirection.allCases.map(\.rawValue) {
            for (index, rule) in (spec[direction]?.arrayValue ?? []).enumerated() {
                for side in PolicySide.allCases.map(\.rawValue) {
                    guard let record = rule[side] else { continue }
                    records.append((record, pointer: "/spec/\(direction)/\(index)/\(side)"))
                }
            }
        }
        return records
    }
}

extension SelectorNode {
    /// The label that this node tests; nil for a node that tests no label.
    fileprivate var label: String? {
        switch self {
        case .has(let label): label
        case .comparison(let comparison): comparison.label
        case .all, .global, .not, .and, .or: nil
        }
    }
}
