package import Domain

/// The labels that determine, by their values, the region of an object.
enum RegionLabels {
    /// Returns the region of the endpoints and network sets that have `label` with `value`; nil if the label determines
    /// no region.
    ///
    /// Two labels determine a region. Calico sets the label for the namespace, and Neutron writes every VM of a region
    /// into the region's namespace. This server sets the label for the region on the network sets of regions and
    /// subnets. Clients cannot give these labels to objects of another region, because this server refuses documents
    /// with labels that have the prefixes of these two labels.
    static func region(_ label: String, _ value: String) -> String? {
        switch label {
        case EndpointLabel.namespace: RegionNamespace.region(of: value)
        case InventoryKey.regionLabel: value
        default: nil
        }
    }

    /// Returns the region of the endpoints in a namespace whose label `label` has the value `value`; nil if the label
    /// determines no region. Calico sets this label from the namespace's name, and no client can change it.
    static func regionOfNamespace(_ label: String, _ value: String) -> String? {
        label == "projectcalico.org/name" ? RegionNamespace.region(of: value) : nil
    }
}

extension Selector {
    /// The regions of the endpoints and network sets that the selector can match.
    package var reach: RegionSet { reach(RegionLabels.region) }

    /// The regions that the selector names as values of the labels for the namespace and for the region. Includes
    /// regions that the selector excludes. A region cannot be deleted while a stored GlobalNetworkPolicy names it.
    package var namedRegions: Set<String> {
        comparisons.reduce(into: []) { named, comparison in
            named.formUnion(
                comparison.values.compactMap { RegionLabels.region(comparison.label, $0) })
        }
    }

    /// The regions of the namespaces that the selector can match if it is used as a namespaceSelector.
    var namespaceReach: RegionSet { reach(RegionLabels.regionOfNamespace) }
}

extension Selector {
    /// Returns the selector limited to the endpoints of `regions`.
    package func limited(to regions: RegionSet) -> Selector {
        guard case .some(let regions) = regions else { return self }
        let namespaces = regions.map(RegionNamespace.of).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let own = SelectorComparison(
            label: EndpointLabel.namespace, operation: .inSet, values: namespaces)
        return Selector(.and([root, .comparison(own)]))
    }

    /// Returns the selector limited to the network sets of `regions`: the sets of the regions and of their subnets, and
    /// the network sets in the namespaces of the regions.
    package func limitedToSets(of regions: RegionSet) -> Selector {
        guard case .some(let names) = regions else { return self }
        let labelled = SelectorComparison(
            label: InventoryKey.regionLabel, operation: .inSet, values: names.sorted())
        return Selector(
            .or([
                .and([root, .comparison(labelled)]), limited(to: regions).root,
            ]))
    }
}
