package import Documents
package import Domain

/// The security groups that a policy as Calico stores it names in its selectors.
package enum GroupReferences {
    /// For each group, by id or by name, a selector of its members, with the place where it is named first.
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

    /// The records that hold selectors of endpoints: the policy's spec and its rules' sides.
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
    /// The label that this node itself looks at.
    fileprivate var label: String? {
        switch self {
        case .has(let label): label
        case .comparison(let comparison): comparison.label
        case .all, .global, .not, .and, .or: nil
        }
    }
}
