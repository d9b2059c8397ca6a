import Calico

/// Which stored policies are one object in the API, and how policies are named in etcd.
///
/// The API's name of a policy is its author's, and a policy `web` may be stored under `web` or, prefixed by
/// its tier, under `default.web`. Where both are stored Felix enforces both.
struct PolicyNames: Sendable {
    /// The name of a stored policy.
    struct Name: Sendable, Equatable {
        /// The key under which the policy would be stored without a prefix.
        var plainPath: String
        /// True if it is in the default tier, under a name without a prefix that Calico did not generate.
        var isPlainDefault: Bool
    }

    /// The number of policies of the default tier that are stored without a prefix.
    private(set) var plain = 0
    private var names: [String: Name] = [:]
    /// The keys with a prefix, by the key without one.
    private var prefixed: [String: Set<String>] = [:]

    /// Takes over the name of the policy stored under `path`, nil for none; returns the keys of which the
    /// twins may be others now.
    mutating func set(_ path: String, _ name: Name?) -> Set<String> {
        let old = names[path]
        guard old != name else { return [] }
        var affected: Set<String> = []
        for case let name? in [old, name] { affected.formUnion(group(name.plainPath)) }
        names[path] = name
        if old?.isPlainDefault == true { plain -= 1 }
        if name?.isPlainDefault == true { plain += 1 }
        if let old, old.plainPath != path {
            prefixed[old.plainPath]?.remove(path)
            if prefixed[old.plainPath]?.isEmpty == true { prefixed[old.plainPath] = nil }
        }
        if let name, name.plainPath != path {
            prefixed[name.plainPath, default: []].insert(path)
        }
        for case let name? in [old, name] { affected.formUnion(group(name.plainPath)) }
        return affected.union([path])
    }

    /// The other keys that hold the object stored under `path`, in order.
    func twins(of path: String) -> [String] {
        guard let name = names[path] else { return [] }
        return group(name.plainPath).subtracting([path]).sorted()
    }

    /// Returns true if the API shows this key and not its twins. It shows the key without a prefix if there is
    /// one, which is what Calico 3.32 and later call by the object's name; else the first.
    func isShown(_ path: String) -> Bool {
        guard let plainPath = names[path]?.plainPath, plainPath != path else { return true }
        return names[plainPath] == nil && prefixed[plainPath]?.min() == path
    }

    private func group(_ plainPath: String) -> Set<String> {
        var paths = prefixed[plainPath] ?? []
        if names[plainPath] != nil { paths.insert(plainPath) }
        return paths
    }
}

extension PolicyNames.Name {
    init(_ key: ResourceKey, _ resource: Resource?) {
        guard let resource else {
            self.init(plainPath: key.path, isPlainDefault: false)
            return
        }
        let authored = PolicyName.authored(resource)
        let plain = ResourceKey(key.kind, namespace: key.namespace, name: authored)
        let isDefault = PolicyResource.tier(of: resource.document) == PolicyName.defaultTier
        self.init(
            plainPath: plain.path,
            isPlainDefault: isDefault && authored == key.name
                && !PolicyName.isGenerated(key.name)
                && !key.name.hasPrefix(PolicyName.defaultTier + "."))
    }
}
