import Calico
package import Documents
import Domain

extension ControlPlane {
    /// What an export holds, in the order in which an empty etcd takes it.
    package var exported: [ListQuery.Collection] {
        let regions = mirror.read { $0.regions }.sorted()
        return [.regions, .subnets(region: nil), .policies]
            + regions.map { .regionPolicies(region: $0) }
    }

    /// The object as a document for `apply`: without what the server sets. Nil for Neutron's own
    /// policies, which only Neutron may write.
    package func exportDocument(_ object: ObjectView) -> JSONValue? {
        if case .regionPolicy(_, let policy) = object.name,
            writer.planner.reserved(policy) != nil
        {
            return nil
        }
        return Self.writable(object)
    }

    /// The object as a document to write: without what the server sets.
    package static func writable(_ object: ObjectView) -> JSONValue? {
        guard var document = object.document.objectValue else { return nil }
        switch object.name {
        case .region, .subnet:
            for field in ["revision", "uid", "createdAt", "namespace"] { document[field] = nil }
            var named = JSONObject()
            named["kind"] = .string(object.name.kind)
            for (key, value) in document where named[key] == nil { named[key] = value }
            return .object(named)
        case .policy, .regionPolicy:
            document = Representation.written(.object(document)).objectValue ?? document
            var metadata = document["metadata"]?.objectValue ?? JSONObject()
            for field in ["resourceVersion", "uid", "creationTimestamp", "managedFields"] {
                metadata[field] = nil
            }
            document["metadata"] = .object(withoutDerived(metadata))
            return .object(document)
        }
    }

    /// Without the label and the annotation that every write of a policy sets again.
    private static func withoutDerived(_ metadata: JSONObject) -> JSONObject {
        var metadata = metadata
        func drop(_ member: String, _ key: String) {
            guard var strings = metadata[member]?.objectValue else { return }
            strings[key] = nil
            metadata[member] = strings.isEmpty ? nil : .object(strings)
        }
        drop("labels", PolicyResource.tierLabel)
        drop("annotations", PolicyName.metadataAnnotation)
        return metadata
    }
}
