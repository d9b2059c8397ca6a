extension Selector {
    /// Returns a set of regions that contains the region of every object that the selector can match. The set may be
    /// too large, but never too small.
    ///
    /// Only the operators `==` and `in` limit the set, and only if their label determines the region of an object.
    /// Every other expression can match objects of all regions: an absent label satisfies `!=` and `not in`, and the
    /// operators for a part of a value can match the name of a region that does not exist yet.
    ///
    /// - Parameter regionOf: receives a label and a value. Returns the region of every object with this label and
    ///   value; nil if the label and the value do not determine a region.
    package func reach(_ regionOf: (_ label: String, _ value: String) -> String?) -> RegionSet {
        root.reach(regionOf)
    }
}

extension SelectorNode {
    fileprivate func reach(_ regionOf: (String, String) -> String?) -> RegionSet {
        switch self {
        case .all, .global, .has, .not: .all
        case .comparison(let comparison): comparison.reach(regionOf)
        case .and(let operands):
            operands.reduce(.all) { $0.intersection($1.reach(regionOf)) }
        case .or(let operands): operands.reduce(.none) { $0.union($1.reach(regionOf)) }
        }
    }
}

extension SelectorComparison {
    fileprivate func reach(_ regionOf: (String, String) -> String?) -> RegionSet {
        switch operation {
        case .equal, .inSet: break
        case .notEqual, .notInSet, .contains, .startsWith, .endsWith: return .all
        }
        var regions: Set<String> = []
        for value in values {
            guard let region = regionOf(label, value) else { return .all }
            regions.insert(region)
        }
        return .some(regions)
    }
}
