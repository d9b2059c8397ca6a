import Calico

/// The names of the stored policies. They show which stored policies are the same object in the API.
///
/// The API's name of a policy is the name that its author chose. A policy `web` may be stored under `web`, or with
/// the prefix of its tier under `default.web`. If both are stored, Felix enforces both.
struct PolicyNames: Sendable {
    /// The name of a stored policy.
    struct Name: Sendable, Equatable {
        /// The key under which the policy would be stored without a prefix.
        var plainPath: String
        /// True if the policy is in the default tier, its stored name has no tier prefix, and Calico did not generate
        /// the name.
        var isPlainDefault: Bool
    }

    /// The number of policies of the default tier that are stored without a prefix.
    private(set) var plain = 0
    private var names: [String: Name] = [:]
    /// The keys with a tier prefix, grouped by the key that the same policy would have without a prefix.
    private var prefixedPaths: [String: Set<String>] = [:]

    /// Replaces the name of the policy stored under `path`; nil removes it. Returns `path`, and the keys of all
    /// policies that are, or were before the call, the same object in the API.
    mutating func set(_ path: String, _ name: Name?) -> Set<String> {
        let old = names[path]
        guard old != name else { return [] }
        var affected: Set<String> = []
        for case let name? in [old, name] { affected.formUnion(group(name.plainPath)) }
        names[path] = name
        if old?.isPlainDefault == true { plain -= 1 }
        if name?.isPlainDefault == true { plain += 1 }
        if let old, old.plainPath != path {
            prefixedPaths[old.plainPath]?.remove(path)
            if prefixedPaths[old.plainPath]?.isEmpty == true { prefixedPaths[old.plainPath] = nil }
        }
        if let name, name.plainPath != path {
            prefixedPaths[name.plainPath, default: []].insert(path)
        }
        for case let name? in [old, name] { affected.formUnion(group(name.plainPath)) }
        return affected.union([path])
    }

    /// Returns the keys with a tier prefix of the policy whose key without a prefix would be `plainPath`.
    func prefixed(_ plainPath: String) -> Set<String> { prefixedPaths[plainPath] ?? [] }

    /// Returns the other keys under which the object at `path` is also stored, in order.
    func twins(of path: String) -> [String] {
        guard let name = names[path] else { return [] }
        return group(name.plainPath).subtracting([path]).sorted()
    }

    /// Returns true if the API shows the policy under this key. If the same policy is stored under several keys, the
    /// API shows the key without a tier prefix, because Calico 3.32 and later use that name. If all the keys have a
    /// prefix, the API shows the first of them.
    func isShown(_ path: String) -> Bool {
        guard let plainPath = names[path]?.plainPath, plainPath != path else { return true }
        return names[plainPath] == nil && prefixed(plainPath).min() == path
    }

    private func group(_ plainPath: String) -> Set<String> {
        var paths = prefixed(plainPath)
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
