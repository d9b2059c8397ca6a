package import Documents
import Domain

/// GlobalNetworkPolicy and NetworkPolicy: from a judged document to what is stored, and back to what
/// a client sees.
package enum PolicyResource {
    package static let tierLabel = "projectcalico.org/tier"

    /// The tier a policy document names; `default` when it names none.
    package static func tier(of document: JSONValue) -> String {
        guard let tier = document["spec"]?["tier"]?.stringValue, !tier.isEmpty else {
            return PolicyName.defaultTier
        }
        return tier
    }

    /// The object to store for `judged`, the form in which Calico's client would store the client's
    /// document.
    ///
    /// Annotations and metadata of `existing` that the document does not mention survive.
    package static func build(
        key: ResourceKey, authoredName: String, judged: JSONValue, existing: Resource?,
        identity: ObjectIdentity
    ) -> Resource {
        let metadata = judged["metadata"]?.objectValue ?? JSONObject()
        var annotations = existing?.annotations ?? [:]
        annotations.merge(Resource.strings(metadata["annotations"])) { $1 }
        let name = JSONValue.object(
            JSONObject(uncheckedMembers: [("name", .string(authoredName))]))
        annotations[PolicyName.metadataAnnotation] = String(
            decoding: JSONSerializer.goBytes(name), as: UTF8.self)
        var labels = Resource.strings(metadata["labels"])
        labels[tierLabel] = tier(of: judged)
        return Resource.build(
            key: key, existing: existing, identity: identity, labels: labels,
            annotations: annotations, spec: judged["spec"]?.objectValue ?? JSONObject())
    }

    /// The policy as a client sees it: the author's name, and the revision as `resourceVersion`. Canonical,
    /// since the past, which the ledger keeps so, has to read as the present does.
    package static func representation(_ resource: Resource, revision: Int64) -> JSONValue {
        guard var object = resource.document.objectValue else { return resource.document }
        var metadata = resource.metadata
        metadata["name"] = .string(PolicyName.authored(resource))
        metadata["resourceVersion"] = .string(String(revision))
        object["metadata"] = .object(metadata)
        return JSONValue.object(object).canonicalized
    }
}
