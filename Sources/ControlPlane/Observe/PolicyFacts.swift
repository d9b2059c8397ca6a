package import Calico
package import Domain

/// The facts about a stored policy that look-ups need. They are worked out when the policy is stored. So a look-up of a
/// hidden policy takes as long as a look-up of an absent one, and does not reveal by its time that the policy exists.
package struct PolicyFacts: Sendable, Equatable {
    /// The name that the policy's author chose, which the API shows.
    package var authoredName: String
    /// The kind that the API shows: `GlobalNetworkPolicy`, `NetworkPolicy` or `CrossRegionPolicy`.
    package var kind: String
    /// The regions that the policy touches. A CrossRegionPolicy can touch more regions if its compiled policies differ
    /// from its source.
    package var reach: RegionSet
    /// The name of the CrossRegionPolicy that the policy is a later part of; nil for other policies.
    package var source: String?

    /// True if no other object can hide the policy.
    package var isComplete: Bool { source == nil && kind != CrossRegionPolicy.kind }

    /// Returns nil for an object that is not a policy of a region or of all regions.
    init?(_ resource: Resource) {
        let key = resource.key
        guard key.kind.isPolicy else { return nil }
        authoredName = PolicyName.authored(resource)
        kind = key.kind.rawValue
        switch key.kind {
        case .networkPolicy:
            guard let region = key.namespace.flatMap(RegionNamespace.region(of:)) else {
                return nil
            }
            reach = PolicyReach.of(networkPolicy: resource.document, region: region)
        case .globalNetworkPolicy:
            source = CrossRegionAnnotation.sourceName(ofPart: resource)
            guard let written = CrossRegionAnnotation.sourceDocument(of: resource) else {
                reach = PolicyReach.of(globalPolicy: resource.document)
                return
            }
            kind = CrossRegionPolicy.kind
            reach = PolicyReach.of(source: written, name: authoredName)
        default: return nil
        }
    }

    /// The facts that stand in for those of an absent policy.
    fileprivate static let absent: PolicyFacts? = PolicyFacts(
        authoredName: "", kind: ResourceKind.globalNetworkPolicy.rawValue, reach: .some([""]))

    private init(authoredName: String, kind: String, reach: RegionSet) {
        (self.authoredName, self.kind, self.reach) = (authoredName, kind, reach)
    }

    /// Returns true if the caller has the rights that `kind` and `reach` require.
    func isAllowed(_ scope: AccessScope) -> Bool {
        scope.allows(.readObjects, kind: kind, touching: reach)
    }
}

extension PlanningView {
    /// Returns true if the caller may know the object that is stored at `key`, and false if the object is hidden from
    /// the caller. Returns nil if this depends on other objects, or if the value is damaged or not written yet.
    ///
    /// For an absent policy, `key` or `entry` is nil. The rights are compared in this case too, so that the answer takes
    /// as long as for a hidden policy.
    package func isVisible(
        _ key: ResourceKey?, _ entry: MirrorEntry?, to scope: AccessScope
    ) -> Bool? {
        guard !scope.readsEverything else { return true }
        switch key.flatMap(InventoryKey.init) {
        case .region(let region)?: return scope.sees("Region", in: region)
        case .subnet(let region, _)?: return scope.sees("Subnet", in: region)
        case nil: break
        }
        guard let policy = entry.map(\.policy) ?? .absent else { return nil }
        guard policy.isAllowed(scope) else { return false }
        guard !policy.isComplete else { return true }
        guard let source = policy.source.flatMap(crossRegionFacts), !source.isAllowed(scope) else {
            return nil
        }
        return false
    }

    /// Returns the facts about the CrossRegionPolicy `name`; nil if it does not exist.
    private func crossRegionFacts(_ name: String) -> PolicyFacts? {
        let conventions: [PolicyNameConvention] = [.plain, .tiered]
        let first = conventions.lazy.compactMap { convention in
            let stored = PolicyName.stored(
                name, tier: PolicyName.defaultTier, convention: convention)
            return entry(ResourceKey(.globalNetworkPolicy, name: stored).path)?.policy
        }.first
        return first.flatMap { $0.kind == CrossRegionPolicy.kind ? $0 : nil }
    }
}
