import Calico
import Domain

/// Which regions a policy's selectors speak of.
enum PolicyReferences {
    /// Whether a selector anywhere in the policy compares the namespace with the region's, or the
    /// region label with the region. A selector that does not parse counts when it holds the name.
    static func mentions(_ document: JSONValue, region: String) -> Bool {
        let namespace = RegionNamespace.of(region: region)
        return selectors(document).contains { text in
            guard text.contains(region) else { return false }
            guard let selector = try? Selector(parsing: text) else { return true }
            return selector.comparisons.contains { comparison in
                switch comparison.label {
                case "projectcalico.org/namespace": comparison.values.contains(namespace)
                case InventoryKey.regionLabel: comparison.values.contains(region)
                default: false
                }
            }
        }
    }

    /// Every selector text: the policy's own and those of its rules' entities.
    private static func selectors(_ document: JSONValue) -> [String] {
        guard let spec = document["spec"] else { return [] }
        let rules = (spec["ingress"]?.arrayValue ?? []) + (spec["egress"]?.arrayValue ?? [])
        let entities = rules.flatMap { [$0["source"], $0["destination"]] }.compactMap { $0 }
        let fields = entities.flatMap { [$0["selector"], $0["notSelector"]] } + [spec["selector"]]
        return fields.compactMap { $0?.stringValue }
    }
}
