import Documents
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
