import Calico
import Documents
import Domain

/// A stored policy that was compiled from a CrossRegionPolicy.
package struct CompiledPart: Sendable {
    var resource: Resource
    /// The mod_revision; 0 if an earlier document of the same manifest writes the policy.
    var revision: Int64
}

extension PlanningView {
    /// Returns the network of a registered subnet; nil if the subnet is not registered.
    func cidr(_ subnet: SubnetID) -> CIDR? {
        let key = InventoryKey.subnet(region: subnet.region, name: subnet.name).resourceKey
        return resource(key)?.resource.flatMap { InventoryResource.nets($0).first }
    }

    /// Returns the compiled policies of the CrossRegionPolicy `name`, except the first one. Each of them names the
    /// CrossRegionPolicy as its source.
    private func parts(of name: String) -> [CompiledPart] {
        let conventions: [PolicyNameConvention] = hasTieredPolicies ? [.plain, .tiered] : [.plain]
        return (1..<CrossRegionCompiler.maximumPolicies).flatMap { index in
            conventions.compactMap { convention -> CompiledPart? in
                let name = CrossRegionCompiler.name(name, index: index)
                return storedPolicy(name, convention)
            }
        }
        .filter { CrossRegionAnnotation.sourceName(ofPart: $0.resource) == name }
    }

    /// Returns the name of the CrossRegionPolicy that `resource` was compiled from. Returns nil if `resource` is the
    /// first compiled policy or is not a compiled policy, or if the CrossRegionPolicy no longer exists.
    func source(ofPart resource: Resource) -> String? {
        guard let name = CrossRegionAnnotation.sourceName(ofPart: resource) else { return nil }
        let first = storedPolicy(name, .plain) ?? storedPolicy(name, .tiered)
        return first.flatMap { CrossRegionAnnotation.sourceDocument(of: $0.resource) } == nil
            ? nil : name
    }

    /// Returns the policy that is stored under the key that `convention` gives to a policy `name` in the default tier;
    /// nil if there is none.
    func storedPolicy(_ name: String, _ convention: PolicyNameConvention) -> CompiledPart? {
        let stored = PolicyName.stored(
            name, tier: PolicyName.defaultTier, convention: convention)
        guard let (resource, revision) = resource(ResourceKey(.globalNetworkPolicy, name: stored)),
            let resource
        else { return nil }
        return CompiledPart(resource: resource, revision: revision)
    }

    /// Returns the object that the API shows for a stored resource; nil if the resource is too damaged to be shown. For
    /// the first compiled policy of a CrossRegionPolicy, also returns the other compiled policies.
    func object(
        _ name: ObjectName, _ resource: Resource, revision: Int64
    ) -> (ObjectView?, parts: [CompiledPart]) {
        guard case .policy(let policy) = name,
            let source = CrossRegionAnnotation.sourceDocument(of: resource)
        else { return (Representation.view(name, resource, revision: revision), []) }
        let further = parts(of: policy)
        let all = [CompiledPart(resource: resource, revision: revision)] + further
        let decoded = CrossRegionPolicy.decode(source, name: policy)
        let drift =
            decoded.value.map {
                CrossRegionDrift.drift(
                    source: $0, stored: all.map(\.resource), hasRegion: hasRegion,
                    subnetCIDR: cidr)
            }
            ?? [
                CrossRegionDrift.unreadable(
                    source, of: policy, reason: decoded.violations.first?.message)
            ]
        return (Representation.crossRegion(name, source, all, drift), further)
    }
}
