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

    /// How many policies are stored under a name with the prefix of the default tier.
    var prefixedPolicies: Int { mirror.read { $0.tieredPolicies } }

    /// How many policies of the default tier are stored without its prefix.
    var plainPolicies: Int { mirror.read { $0.stored.policyNames.plain } }
}
