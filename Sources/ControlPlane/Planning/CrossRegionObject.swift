import Calico
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
    func parts(of name: String) -> [CompiledPart] {
        let conventions: [PolicyNameConvention] = hasTieredPolicies ? [.plain, .tiered] : [.plain]
        return (1..<CrossRegionCompiler.maximumPolicies).flatMap { index in
            conventions.compactMap { convention -> CompiledPart? in
                let stored = PolicyName.stored(
                    CrossRegionCompiler.name(name, index: index), tier: PolicyName.defaultTier,
                    convention: convention)
                let key = ResourceKey(.globalNetworkPolicy, name: stored)
                guard let (resource, revision) = self.resource(key), let resource,
                    CrossRegionAnnotation.sourceName(ofPart: resource) == name
                else { return nil }
                return CompiledPart(resource: resource, revision: revision)
            }
        }
    }

    /// The CrossRegionPolicy that `resource` is a further part of; nil for any other policy, and when
    /// that CrossRegionPolicy is gone.
    func source(ofPart resource: Resource) -> String? {
        guard let name = CrossRegionAnnotation.sourceName(ofPart: resource) else { return nil }
        let first = [PolicyNameConvention.plain, .tiered].lazy.compactMap { convention in
            self.resource(
                ResourceKey(
                    .globalNetworkPolicy,
                    name: PolicyName.stored(
                        name, tier: PolicyName.defaultTier, convention: convention)))?.resource
        }.first
        return first.flatMap(CrossRegionAnnotation.sourceDocument) == nil ? nil : name
    }

    /// The object that a stored resource is in the API, with what it was compiled to if it is the first
    /// policy of a CrossRegionPolicy. Nil when it is too damaged to be shown.
    func object(_ name: ObjectName, _ resource: Resource, revision: Int64) -> ObjectView? {
        guard case .policy(let policy) = name,
            let source = CrossRegionAnnotation.sourceDocument(of: resource)
        else { return Representation.view(name, resource, revision: revision) }
        let parts = [CompiledPart(resource: resource, revision: revision)] + parts(of: policy)
        let drift: [Drift]
        if let decoded = CrossRegionPolicy.decode(source, name: policy).value {
            drift = CrossRegionDrift.drift(
                source: decoded, stored: parts.map(\.resource), subnetCIDR: cidr)
        } else {
            drift = [CrossRegionDrift.unreadable(source, of: policy)]
        }
        return Representation.crossRegion(name, source, parts, drift)
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
        metadata["uid"] = first.resource.uid.map(JSONValue.string)
        metadata["creationTimestamp"] = first.resource.creationTimestamp.map(JSONValue.string)
        metadata["resourceVersion"] = .string(String(revision))
        var object = JSONObject()
        object["kind"] = .string(CrossRegionPolicy.kind)
        object["metadata"] = .object(metadata)
        object["source"] = source
        object["compiled"] = .array(
            parts.map { PolicyResource.representation($0.resource, revision: $0.revision) })
        object["drift"] = .array(drift.map(\.document))
        return ObjectView(name: name, revision: revision, document: .object(object))
    }
}

extension Drift {
    var document: JSONValue {
        var object = JSONObject()
        object["object"] = .string(self.object)
        object["pointer"] = .string(pointer)
        object["expected"] = expected
        object["found"] = found
        return .object(object)
    }
}

extension CrossRegionAnnotation {
    /// The resource as an ordinary policy, which no CrossRegionPolicy claims.
    static func removed(from resource: Resource) -> Resource {
        guard var document = resource.document.objectValue,
            var metadata = document["metadata"]?.objectValue,
            var annotations = metadata["annotations"]?.objectValue
        else { return resource }
        annotations[source] = nil
        annotations[partOf] = nil
        metadata["annotations"] = .object(annotations)
        document["metadata"] = .object(metadata)
        return Resource(key: resource.key, document: .object(document))
    }
}

extension ObjectView {
    /// What a merge patch changes: of a CrossRegionPolicy what was written, not what it became.
    var patchable: JSONValue {
        document["kind"]?.stringValue == CrossRegionPolicy.kind
            ? document["source"] ?? document : document
    }
}
