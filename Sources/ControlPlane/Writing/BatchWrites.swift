import Calico
import Domain

/// What the members of a batch write, to find those that have to wait for the next transaction: the
/// comparisons of a transaction are on the state before it, and etcd takes one write of a key in each.
struct BatchWrites {
    private var paths: Set<String> = []
    /// Networks of subnets and regions, before and after.
    private var networks: [CIDR] = []
    private var changesRegions = false
    private var changesTiers = false
    private var changesTiering = false
    private var deletesRegion = false
    private var changesGlobalPolicies = false
    /// The objects in the API that written policies may be.
    private var policies: Set<ResourceKey> = []

    /// True if a plan with these reads and writes might come out otherwise after the batch, or writes a
    /// key that the batch writes.
    func affect(_ reads: ReadSet, _ writes: [ObjectWrite]) -> Bool {
        guard !paths.isEmpty else { return false }
        return writes.contains { paths.contains($0.path) }
            || reads.answers.contains { affect($0, $1) }
    }

    private func affect(_ query: MirrorQuery, _ answer: MirrorAnswer) -> Bool {
        switch query {
        case .revision(let path): paths.contains(path)
        case .paths(let prefix): paths.contains { $0.hasPrefix(prefix) }
        case .subnets(let cidr), .blocks(let cidr), .freeBlock(_, let cidr, _):
            networks.contains { $0.overlaps(cidr) }
        case .regions: changesRegions
        case .hasRegions: answer == .flag(false) ? changesRegions : deletesRegion
        case .tiers: changesTiers
        case .hasTieredPolicies: changesTiering
        case .twins(let path):
            ResourceKey(path: path).map { !policies.isDisjoint(with: $0.possibleObjects) } ?? false
        case .subnetUsers: changesGlobalPolicies
        }
    }

    /// Counts one more member in.
    mutating func add(_ write: PlannedWrite, _ mirror: Mirror) {
        for object in write.writes {
            paths.insert(object.path)
            guard let key = ResourceKey(path: object.path) else { continue }
            if key.kind == .tier { changesTiers = true }
            if key.kind == .globalNetworkPolicy { changesGlobalPolicies = true }
            if key.kind.isPolicy { policies.formUnion(key.possibleObjects) }
            if key.kind.isPolicy, key.name.hasPrefix(PolicyName.defaultTier + ".") {
                changesTiering = true
            }
            guard let inventory = InventoryKey(key) else { continue }
            let old = mirror.read { $0.entries[object.path]?.bytes }
            if case .region = inventory {
                if object.bytes == nil { deletesRegion = true }
                if object.bytes == nil || old == nil { changesRegions = true }
            }
            for bytes in [old, object.bytes] {
                networks += bytes.map(InventoryResource.nets(bytes:)) ?? []
            }
        }
    }
}

extension ResourceKey {
    /// The keys without a tier's prefix that a policy under this key may be one object with.
    fileprivate var possibleObjects: [ResourceKey] {
        guard let dot = name.firstIndex(of: ".") else { return [self] }
        let unprefixed = String(name[name.index(after: dot)...])
        return [self, ResourceKey(kind, namespace: namespace, name: unprefixed)]
    }
}
