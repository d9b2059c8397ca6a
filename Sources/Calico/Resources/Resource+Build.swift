import Documents
import Domain

extension Resource {
    /// A resource with the envelope every Calico tool accepts.
    ///
    /// What `existing` carries in fields that this write does not name survives: other metadata,
    /// and other members of the object.
    static func build(
        key: ResourceKey, existing: Resource?, identity: ObjectIdentity,
        labels: [String: String], annotations: [String: String], spec: JSONObject
    ) -> Resource {
        var metadata = JSONObject()
        metadata["name"] = .string(key.name)
        if let namespace = key.namespace { metadata["namespace"] = .string(namespace) }
        metadata["uid"] = .string(identity.uid)
        metadata["creationTimestamp"] = .string(identity.creationTimestamp)
        metadata["labels"] = document(of: labels)
        metadata["annotations"] = document(of: annotations)
        let written: Set<String> = ["labels", "annotations", "resourceVersion", "selfLink"]
        for (name, value) in existing?.metadata ?? JSONObject()
        where metadata[name] == nil && !written.contains(name) {
            metadata[name] = value
        }
        var object = JSONObject()
        object["kind"] = .string(key.kind.rawValue)
        object["apiVersion"] = .string(apiVersion)
        object["metadata"] = .object(metadata)
        object["spec"] = .object(spec)
        for (name, value) in existing?.document.objectValue ?? JSONObject()
        where object[name] == nil {
            object[name] = value
        }
        return Resource(key: key, document: .object(object))
    }
}
