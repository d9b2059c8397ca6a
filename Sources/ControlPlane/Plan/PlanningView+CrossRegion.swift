import Calico
package import Documents
import Domain

/// A stored policy that belongs to a CrossRegionPolicy.
struct CompiledPart: Sendable {
    var resource: Resource
    /// mod_revision; 0 for one that an earlier member of the batch writes.
    var revision: Int64
}

extension PlanningView {
    /// The network of a registered subnet.
    func cidr(_ subnet: SubnetReference) -> CIDR? {
        let key = InventoryKey.subnet(region: subnet.region, name: subnet.name).resourceKey
        return resource(key)?.resource.flatMap { InventoryResource.nets($0).first }
    }

    /// The further policies that say they are parts of the CrossRegionPolicy `name`.
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

    /// The CrossRegionPolicy that `resource` is a further part of; nil for any other policy, and when
    /// that CrossRegionPolicy is gone.
    func source(ofPart resource: Resource) -> String? {
        guard let name = CrossRegionAnnotation.sourceName(ofPart: resource) else { return nil }
        let first = storedPolicy(name, .plain) ?? storedPolicy(name, .tiered)
        return first.flatMap { CrossRegionAnnotation.sourceDocument(of: $0.resource) } == nil
            ? nil : name
    }

    /// The policy stored as one named `name` in the default tier would be.
    func storedPolicy(_ name: String, _ convention: PolicyNameConvention) -> CompiledPart? {
        let stored = PolicyName.stored(
            name, tier: PolicyName.defaultTier, convention: convention)
        guard let (resource, revision) = resource(ResourceKey(.globalNetworkPolicy, name: stored)),
            let resource
        else { return nil }
        return CompiledPart(resource: resource, revision: revision)
    }

    /// The object that a stored resource is in the API, and its further policies if it is the first
    /// policy of a CrossRegionPolicy. The object is nil when it is too damaged to be shown.
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

extension Representation {
    /// A CrossRegionPolicy: as it was written, what it became, and what others changed of that. Its
    /// revision is the newest of its policies'.
    static func crossRegion(
        _ name: ObjectName, _ source: JSONValue, _ parts: [CompiledPart], _ drift: [Drift]
    ) -> ObjectView? {
        guard let first = parts.first else { return nil }
        let revision = parts.map(\.revision).max() ?? 0
        var metadata = JSONObject()
        metadata["name"] = .string(name.name)
        metadata["labels"] = source["metadata"]?["labels"]
        metadata["uid"] = first.resource.uid.map(JSONValue.string)
        metadata["creationTimestamp"] = first.resource.creationTimestamp.map(JSONValue.string)
        metadata["resourceVersion"] = .string(String(revision))
        let compiled = JSONValue.array(
            parts.map { PolicyResource.representation($0.resource, revision: $0.revision) })
        let drift = JSONValue.array(drift.map(\.document))
        var object = JSONObject()
        object["apiVersion"] = .string(CrossRegionPolicy.apiVersion)
        object["kind"] = .string(CrossRegionPolicy.kind)
        object["metadata"] = .object(metadata)
        object["spec"] = source["spec"]
        object["status"] = [
            "inSync": .bool(drift == []), "compiled": compiled, "drift": drift,
        ]
        // Deprecated: where earlier versions showed the same.
        object["source"] = source
        object["compiled"] = compiled
        object["drift"] = drift
        return ObjectView(name: name, revision: revision, document: .object(object))
    }

    /// A CrossRegionPolicy without what became of it: what a client writes, and what the server adds to metadata.
    /// Every other object as it is.
    static func written(_ document: JSONValue) -> JSONValue {
        guard isCrossRegion(document), var object = document.objectValue else { return document }
        for field in CrossRegionPolicy.shownFields { object[field] = nil }
        return .object(object)
    }

    static func isCrossRegion(_ document: JSONValue) -> Bool {
        document["kind"]?.stringValue == CrossRegionPolicy.kind
    }
}

extension ObjectName {
    /// The kind of what `document` shows: that of a policy can be CrossRegionPolicy.
    package func kind(showing document: JSONValue?) -> String {
        guard case .policy = self, let document, Representation.isCrossRegion(document) else {
            return kind
        }
        return CrossRegionPolicy.kind
    }
}

extension Drift {
    var document: JSONValue {
        var object = JSONObject()
        object["object"] = .string(self.object)
        object["pointer"] = .string(pointer)
        object["expected"] = expected
        object["found"] = found
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}
