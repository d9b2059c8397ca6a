package import Documents
import Domain

/// The naming of policies in etcd. Releases of Calico use different conventions. A program that uses one convention
/// cannot get a policy by name if the policy is stored under the other convention.
package enum PolicyNameConvention: String, Sendable, CaseIterable {
    /// The convention that the policies in etcd already use; `plain` if etcd has no policy.
    case auto
    /// The author's name, used by Calico 3.32 and later.
    case plain
    /// The name `<tier>.<name>`, used up to Calico 3.31.
    case tiered
}

/// The two names of a policy: the author's name and the name in the etcd key.
package enum PolicyName {
    package static let defaultTier = "default"
    /// The annotation in which Calico keeps the author's name: `{"name":"allow-tcp-80"}`.
    package static let metadataAnnotation = "projectcalico.org/metadata"

    /// Returns the name in the etcd key of the policy that its author calls `name`.
    ///
    /// Names that Calico generates (`ossg.default.*`, `knp.default.*`) never get a prefix (libcalico-go/lib/names).
    package static func stored(
        _ name: String, tier: String, convention: PolicyNameConvention
    ) -> String {
        guard convention == .tiered, !isGenerated(name), !name.hasPrefix(tier + ".") else {
            return name
        }
        return tier + "." + name
    }

    /// Returns true if Calico generates policies with this name, from security groups or Kubernetes policies.
    package static func isGenerated(_ name: String) -> Bool {
        name.hasPrefix("ossg.default.") || name.hasPrefix("knp.default.")
    }

    /// Returns the author's name of a stored policy. This is the name in the annotation `projectcalico.org/metadata`,
    /// if that name equals the name in the key, with or without the tier's prefix. Otherwise it is the name in the key,
    /// without the prefix `default.` if the tier is `default`.
    package static func authored(_ resource: Resource) -> String {
        let stored = resource.key.name
        let tier = resource.spec["tier"]?.stringValue ?? defaultTier
        let unprefixed =
            stored.hasPrefix(tier + ".") ? String(stored.dropFirst(tier.count + 1)) : stored
        if let name = annotatedName(resource), name == stored || name == unprefixed { return name }
        return tier == defaultTier ? unprefixed : stored
    }

    private static func annotatedName(_ resource: Resource) -> String? {
        guard let text = resource.annotations[metadataAnnotation],
            let value = try? JSONParser.parse(Array(text.utf8))
        else { return nil }
        return value["name"]?.stringValue
    }
}

/// Converts a judged GlobalNetworkPolicy or NetworkPolicy to its stored form, and a stored policy to the form for
/// clients.
package enum PolicyResource {
    package static let tierLabel = "projectcalico.org/tier"

    /// Returns the tier that a policy document names; `default` if the document names no tier.
    package static func tier(of document: JSONValue) -> String {
        guard let tier = document["spec"]?["tier"]?.stringValue, !tier.isEmpty else {
            return PolicyName.defaultTier
        }
        return tier
    }

    /// Returns the object to store. The `judged` document is the client's document in the form that Calico's client
    /// would store.
    ///
    /// Annotations and metadata of `existing` are kept if the document does not mention them.
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

    /// Returns the policy in the form for clients, with the author's name, and the revision as `resourceVersion`. The
    /// JSON is canonical, because the ledger stores past versions in the same form.
    package static func representation(_ resource: Resource, revision: Int64) -> JSONValue {
        guard var object = resource.document.objectValue else { return resource.document }
        var metadata = resource.metadata
        metadata["name"] = .string(PolicyName.authored(resource))
        metadata["resourceVersion"] = .string(String(revision))
        object["metadata"] = .object(metadata)
        return JSONValue.object(object).canonicalized
    }
}
