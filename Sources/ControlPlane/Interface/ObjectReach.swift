import Calico
package import Documents
package import Domain

extension ObjectName {
    /// Returns the regions that the object touches. The set may be too large, but never too small.
    ///
    /// - Parameter document: The object's document in the API.
    package func reach(showing document: JSONValue) -> RegionSet {
        switch self {
        case .region(let region), .subnet(let region, _): .some([region])
        case .regionPolicy(let region, _):
            PolicyReach.of(networkPolicy: document, region: region)
        case .policy(let name):
            Representation.isCrossRegion(document)
                ? Self.crossRegionReach(name, document) : PolicyReach.of(globalPolicy: document)
        }
    }

    /// Returns the regions that the source of a CrossRegionPolicy touches. If another tool has changed the compiled
    /// policies, adds the regions that the compiled policies touch.
    private static func crossRegionReach(_ name: String, _ document: JSONValue) -> RegionSet {
        let written = PolicyReach.of(source: document["source"] ?? document, name: name)
        guard let status = document["status"], status["inSync"] != .bool(true) else {
            return written
        }
        return (status["compiled"]?.arrayValue ?? []).reduce(written) {
            $0.union(PolicyReach.of(globalPolicy: $1))
        }
    }
}

extension ObjectView {
    /// The regions that the object touches.
    package var reach: RegionSet {
        // The document of a region or a subnet does not matter, so it is not parsed.
        if !name.isPolicy, let region = name.region { return .some([region]) }
        return name.reach(showing: document)
    }
}

extension AccessScope {
    /// Returns true if the caller may know the object.
    package func sees(_ object: ObjectView) -> Bool {
        readsEverything
            || allows(.readObjects, kind: object.kind, touching: object.reach)
    }

    /// Returns true if a row of a manifest's change shows no object that is hidden from the caller. Answers list no
    /// object for the rows of installation resources, such as tiers, and for the rows of a CrossRegionPolicy's compiled
    /// policies except the first one. So the result is true for these rows.
    func sees(_ row: AuditRecord) -> Bool {
        guard !readsEverything, AppliedManifest.kinds.contains(row.kind) else { return true }
        guard let resource = row.resource else { return false }
        return CrossRegionAnnotation.sourceName(ofPart: resource) != nil
            || allows(.readObjects, kind: row.kind, touching: resource.reach)
    }

    /// Returns true if the caller may change the object.
    func changes(_ object: ObjectView) -> Bool {
        writesEverything
            || allows(.writeObjects, kind: object.kind, touching: object.reach)
    }

    /// Returns true if the caller may know objects of `kind` that belong to `region` alone.
    package func sees(_ kind: String, in region: String) -> Bool {
        readsEverything || regions(for: .readObjects, kind: kind).contains(region)
    }

    /// Returns true if the caller may know some object with this name. If the result is false, the caller gets the same
    /// answer as for an object that does not exist, and nothing is looked up.
    package func reaches(_ name: ObjectName) -> Bool {
        name.region.map { sees(name.kind, in: $0) } ?? true
    }
}
