package import Documents
package import Domain

/// Finds the regions that a policy touches: the regions of its own endpoints, and the regions that the selectors of its
/// rules can match. The set may be too large, but never too small.
///
/// A side of a rule without any selector adds no region, because it selects no object of a particular region. A policy
/// without a selector touches all regions. In addition, a GlobalNetworkPolicy touches each region that a selector
/// names, even if the selector excludes the region: the policy prevents the deletion of that region.
package enum PolicyReach {
    /// Returns the reach of a GlobalNetworkPolicy, in its stored form or in a client's document.
    package static func of(globalPolicy document: JSONValue) -> RegionSet {
        guard let spec = document.goMember("spec") else { return .all }
        let subject = selector(spec, "selector", \.reach) ?? .all
        let namespaces = selector(spec, "namespaceSelector", \.namespaceReach) ?? .all
        return subject.intersection(namespaces).union(peers(spec, namespace: nil))
            .union(mentions(spec))
    }

    /// Returns the regions that the selectors of the policy and of both sides of its rules name.
    private static func mentions(_ spec: JSONValue) -> RegionSet {
        let rules = ["ingress", "egress"].flatMap { spec.goMember($0)?.arrayValue ?? [] }
        let sides = rules.flatMap { rule in
            ["source", "destination"].compactMap { rule.goMember($0) }
        }
        func named(_ selector: Selector) -> RegionSet { .some(selector.namedRegions) }
        let selectors =
            [selector(spec, "selector", named)]
            + sides.flatMap { side in
                ["selector", "notSelector"].map { selector(side, $0, named) }
            }
        return selectors.reduce(.none) { $0.union($1 ?? .none) }
    }

    /// Returns the reach of a stored NetworkPolicy whose key is in the namespace of `region`.
    package static func of(networkPolicy document: JSONValue, region: String) -> RegionSet {
        // Felix takes the namespace from the value and not from the key. A policy whose value has no namespace applies
        // to the endpoints of every namespace.
        let namespace = document.goMember("metadata")?.goMember("namespace")?.stringValue
        guard let named = namespace.flatMap(RegionNamespace.region(of:)) else { return .all }
        return RegionSet.some([region]).union(of(newNetworkPolicy: document, region: named))
    }

    /// Returns the reach of a NetworkPolicy that is about to be stored for `region`. The policy gets the namespace of
    /// `region` when it is stored.
    package static func of(newNetworkPolicy document: JSONValue, region: String) -> RegionSet {
        guard let spec = document.goMember("spec") else { return .all }
        return RegionSet.some([region]).union(peers(spec, namespace: region))
    }

    /// Returns the reach of all peers. The peer of an ingress rule is the source, and the peer of an egress rule is the
    /// destination. The other side is the policy's own endpoint, so it adds no region.
    private static func peers(_ spec: JSONValue, namespace region: String?) -> RegionSet {
        var reach = RegionSet.none
        for (direction, side) in [("ingress", "source"), ("egress", "destination")] {
            switch spec.goMember(direction) {
            case nil, .null?: continue
            case .array(let rules)?:
                for rule in rules {
                    reach = reach.union(peer(rule.goMember(side), namespace: region))
                }
            case .some: return .all
            }
        }
        return reach
    }

    /// Returns the reach of one side of a rule.
    ///
    /// - Parameter region: the region of a NetworkPolicy; nil for a GlobalNetworkPolicy. The selectors of a
    ///   NetworkPolicy match only endpoints of the policy's namespace, unless the side also has a namespaceSelector
    ///   (libcalico-go `updateprocessors/rules.go`, `getEndpointSelector`).
    private static func peer(_ entity: JSONValue?, namespace region: String?) -> RegionSet {
        guard let entity, entity != .null else { return .none }
        let selected = selector(entity, "selector", \.reach)
        let namespaces = selector(entity, "namespaceSelector", \.namespaceReach)
        let accounts = hasMember(entity, "serviceAccounts")
        // A side with only `notSelector` or `services` touches all regions, because Calico limits neither of them to
        // the policy's namespace.
        guard selected != nil || namespaces != nil || accounts else {
            let isOpen = hasMember(entity, "notSelector") || hasMember(entity, "services")
            return isOpen ? .all : .none
        }
        let own: RegionSet = region.map { .some([$0]) } ?? .all
        return (selected ?? .all).intersection(namespaces ?? own)
    }

    private static func hasMember(_ object: JSONValue, _ name: String) -> Bool {
        switch object.goMember(name) {
        case nil, .null?, .string("")?: false
        case .some: true
        }
    }

    /// Returns the reach of the selector in the member `name`; nil if the member is absent or empty. A selector that
    /// does not parse touches all regions: Felix ignores the whole policy, but another release of Calico may accept the
    /// selector.
    private static func selector(
        _ object: JSONValue, _ name: String, _ reach: (Selector) -> RegionSet
    ) -> RegionSet? {
        guard hasMember(object, name) else { return nil }
        let text = object.goMember(name)?.stringValue
        return text.flatMap { try? Selector(parsing: $0) }.map(reach) ?? .all
    }
}
