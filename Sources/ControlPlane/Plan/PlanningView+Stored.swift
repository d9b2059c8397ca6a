import Calico
import Domain

extension PlanningView {
    /// The other keys that hold the policy stored under `key`.
    func twins(of key: ResourceKey) -> [(key: ResourceKey, revision: Int64)] {
        let paths = mirror.read { $0.stored.policyNames.twins(of: key.path) }
        log.note(.twins(path: key.path), .names(paths))
        return paths.compactMap { path in
            guard let key = ResourceKey(path: path), let entry = entry(path) else { return nil }
            return (key, entry.modRevision)
        }
    }

    /// The keys of the GlobalNetworkPolicies that speak of the region, in order, what this plan writes
    /// included.
    func policies(mentioning region: String) -> [String] {
        let stored = mirror.read { $0.stored.regionMentions.policies(mentioning: region) }
        log.note(.policies(mentioning: region), .set(stored))
        let written = overlayFacts.filter { $0.value.regions?.contains(region) ?? false }.map(\.key)
        return stored.filter { !isTouched($0) }.union(written).sorted()
    }

    /// The keys of the stored objects that the selector picks, in order, no more than `limit`. The selector
    /// must not pick an object without labels.
    func paths(matching selector: Selector, limit: Int) -> [String] {
        let labels = mirror.read { $0.stored.labels }
        let found = labels.paths(matching: selector, limit: limit)
        log.note(.labelled(selector, limit: limit), .limited(found, limit: limit))
        return found.sorted()
    }

    /// How many policies are stored under a name with the prefix of the default tier.
    var prefixedPolicies: Int { mirror.read { $0.tieredPolicies } }

    /// How many policies of the default tier are stored without its prefix.
    var plainPolicies: Int { mirror.read { $0.stored.policyNames.plain } }
}
