package import Documents
import Domain

/// The naming of policies in etcd. Releases of Calico differ in it. A reader of one convention cannot get an object
/// of the other by name.
package enum PolicyNameConvention: String, Sendable, CaseIterable {
    /// The convention of the stored policies; `plain` if no policy is stored.
    case auto
    /// Calico 3.32 and later: the author's name.
    case plain
    /// Up to Calico 3.31: `<tier>.<name>`.
    case tiered
}

/// The two names of a policy: the author's and the one in etcd's key.
package enum PolicyName {
    package static let defaultTier = "default"
    /// Where Calico keeps the author's name: `{"name":"allow-tcp-80"}`.
    package static let metadataAnnotation = "projectcalico.org/metadata"

    /// Returns the name in etcd of the policy its author calls `name`, in `tier`.
    ///
    /// Names that Calico itself generates (`ossg.default.*`, `knp.default.*`) are never prefixed
    /// (libcalico-go/lib/names).
    package static func stored(
        _ name: String, tier: String, convention: PolicyNameConvention
    ) -> String {
        guard convention == .tiered, !isGenerated(name), !name.hasPrefix(tier + ".") else {
            return name
        }
        return tier + "." + name
    }

    /// True if Calico itself makes policies of this name, from security groups or Kubernetes' policies.
    package static func isGenerated(_ name: String) -> Bool {
        name.hasPrefix("ossg.default.") || name.hasPrefix("knp.default.")
    }

    /// Returns the author's name of a stored policy: the name in the annotation if it fits the key, otherwise the
    /// key's name without `default.`.
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

/// Converts a judged GlobalNetworkPolicy or NetworkPolicy to its stored form, and a stored one to the form that
/// clients see.
package enum PolicyResource {
    package static let tierLabel = "projectcalico.org/tier"

    /// Returns the tier a policy document names; `default` when it names none.
    package static func tier(of document: JSONValue) -> String {
        guard let tier = document["spec"]?["tier"]?.stringValue, !tier.isEmpty else {
            return PolicyName.defaultTier
        }
        return tier
    }

    /// Returns the object to store for `judged`, which is the client's document in the form that Calico's client
    /// would store.
    ///
    /// Keeps annotations and metadata of `existing` that the document does not mention.
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

    /// Returns the policy as a client sees it: the author's name, and the revision as `resourceVersion`. The form is
    /// canonical, because the ledger keeps past versions in this form and both must read alike.
    package static func representation(_ resource: Resource, revision: Int64) -> JSONValue {
        guard var object = resource.document.objectValue else { return resource.document }
        var metadata = resource.metadata
        metadata["name"] = .string(PolicyName.authored(resource))
        metadata["resourceVersion"] = .string(String(revision))
        object["metadata"] = .object(metadata)
        return JSONValue.object(object).canonicalized
    }
}
