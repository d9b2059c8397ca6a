package import Documents
import Domain

/// How policies are named in etcd; releases of Calico differ, and a reader of one convention cannot
/// get an object of the other by name.
package enum PolicyNameConvention: String, Sendable, CaseIterable {
    /// As the policies already stored are named; plain when there are none.
    case auto
    /// Calico 3.32 and later: the author's name.
    case plain
    /// Up to Calico 3.31: `<tier>.<name>`.
    case tiered
}

/// The names of one policy: what its author calls it and what etcd's key says.
package enum PolicyName {
    package static let defaultTier = "default"
    /// Where Calico keeps the author's name: `{"name":"allow-tcp-80"}`.
    package static let metadataAnnotation = "projectcalico.org/metadata"

    /// The name in etcd of the policy its author calls `name`, in `tier`.
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

    /// The author's name of a stored policy: what the annotation says if it is one of the names this
    /// key can stand for, else the key's name without `default.`.
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
