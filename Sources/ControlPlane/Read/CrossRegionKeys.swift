import Calico
import Domain

/// The etcd keys that belong to a CrossRegionPolicy.
enum CrossRegionKeys {
    /// Of a first policy: the keys of its further policies and of the subnets and regions that its source
    /// names. Of a further one: the keys of the first. None for any other policy.
    static func related(to resource: Resource) -> [String] {
        if let name = CrossRegionAnnotation.sourceName(ofPart: resource) { return stored(name) }
        guard let policy = CrossRegionAnnotation.policy(of: resource) else { return [] }
        let references = policy.value.map(CrossRegionCompiler.references)
        return parts(of: PolicyName.authored(resource))
            + (references?.subnets ?? []).map {
                InventoryKey.subnet(region: $0.value.region, name: $0.value.name).resourceKey.path
            }
            + (references?.regions ?? []).map {
                InventoryKey.region($0.value).resourceKey.path
            }
    }

    /// The keys of the further policies that a CrossRegionPolicy `name` can have.
    static func parts(of name: String) -> [String] {
        (1..<CrossRegionCompiler.maximumPolicies).flatMap {
            stored(CrossRegionCompiler.name(name, index: $0))
        }
    }

    /// The keys that a GlobalNetworkPolicy `name` of the default tier is stored under.
    static func stored(_ name: String) -> [String] {
        let conventions: [PolicyNameConvention] = [.plain, .tiered]
        let names = conventions.map {
            PolicyName.stored(name, tier: PolicyName.defaultTier, convention: $0)
        }
        return Set(names).sorted().map { ResourceKey(.globalNetworkPolicy, name: $0).path }
    }
}
