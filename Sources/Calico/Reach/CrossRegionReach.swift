package import Documents
package import Domain

extension CrossRegionPolicy {
    /// The regions that the policy touches: the regions of all its peers. The set may be too large, but never too
    /// small.
    package var reach: RegionSet {
        (deny + allow).reduce(.none) { $0.union($1.from.senderReach).union($1.to.receiverReach) }
    }
}

extension CrossRegionPeer {
    /// The regions of the sender. A sender that matches anyone, or names only networks, has no regions, because it
    /// selects no object of a particular region.
    fileprivate var senderReach: RegionSet { limitedReach ?? .none }

    /// The regions of the receiver. A receiver that is not limited to regions touches all regions, because the compiled
    /// policy applies to the receiver's endpoints.
    fileprivate var receiverReach: RegionSet { limitedReach ?? .all }

    /// The regions that the peer touches; nil if the peer selects only by addresses, or matches anyone.
    ///
    /// If the peer names regions or a subnet, it touches these regions and the region of the subnet. Otherwise it
    /// touches the regions of the objects that its labels and its selector can match. In both cases, it also touches
    /// every region that its labels and its selector name.
    ///
    /// A named region is included even if the peer can match nothing in it, because the region cannot be deleted while
    /// the policy names it.
    private var limitedReach: RegionSet? {
        var places = Set(regions.map(\.value))
        if let subnet { places.insert(subnet.value.region) }
        var reach: RegionSet = places.isEmpty ? .all : .some(places)
        var conditions = labels.map { label in
            Selector(
                .comparison(
                    SelectorComparison(
                        label: label.value.key, operation: .equal, values: [label.value.value])))
        }
        if let selector { conditions.append(selector.value) }
        if places.isEmpty {
            reach = conditions.reduce(reach) { $0.intersection($1.reach) }
        }
        reach = conditions.reduce(reach) { $0.union(.some($1.namedRegions)) }
        let selects =
            !regions.isEmpty || subnet != nil || !labels.isEmpty || selector != nil
            || !securityGroups.isEmpty || securityGroupName != nil || project != nil
            || projectName != nil || network != nil
        return selects ? reach : nil
    }
}

extension PolicyReach {
    /// Returns the reach of a CrossRegionPolicy's source. A source that cannot be read touches all regions.
    package static func of(source: JSONValue, name: String) -> RegionSet {
        CrossRegionPolicy.decode(source, name: name).value?.reach ?? .all
    }
}

extension Resource {
    /// The regions that the stored object touches. The set may be too large, but never too small.
    ///
    /// The first compiled policy of a CrossRegionPolicy touches the regions of the source. It also touches the regions
    /// of its own rules, because another tool may have changed the rules. Every later compiled policy touches all
    /// regions, because it does not contain the source.
    package var reach: RegionSet {
        switch (key.kind, InventoryKey(key)) {
        case (_, .region(let region)), (_, .subnet(let region, _)): .some([region])
        case (.networkPolicy, _):
            region.map { PolicyReach.of(networkPolicy: document, region: $0) } ?? .all
        case (.networkSet, _): setRegions
        case (.globalNetworkPolicy, _): globalReach
        default: .all
        }
    }

    private var region: String? { key.namespace.flatMap(RegionNamespace.region(of:)) }

    /// The regions of a network set: the region of the key's namespace, and the region of the namespace in the value.
    /// Felix uses the namespace in the value. If one of the two regions is unknown, the set touches all regions.
    private var setRegions: RegionSet {
        guard let region, let named = metadata["namespace"]?.stringValue,
            let other = RegionNamespace.region(of: named)
        else { return .all }
        return .some([region, other])
    }

    private var globalReach: RegionSet {
        if CrossRegionAnnotation.sourceName(ofPart: self) != nil { return .all }
        let own = PolicyReach.of(globalPolicy: document)
        guard CrossRegionAnnotation.isPresent(on: self) else { return own }
        let source = CrossRegionAnnotation.sourceDocument(of: self)
        return own.union(
            source.map { PolicyReach.of(source: $0, name: PolicyName.authored(self)) } ?? .all)
    }
}
