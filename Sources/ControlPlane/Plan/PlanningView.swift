import Calico
import Domain

/// The state a plan is made against: the mirror, and above it what earlier documents of the same
/// manifest will have written. Notes every read, so that the plan can be checked later.
struct PlanningView: Sendable {
    let mirror: Mirror
    let log = ReadLog()
    private let deadline: ContinuousClock.Instant?
    private let storedRegions: Set<String>
    private let storedTiers: Set<String>
    private var allRegions: Set<String>
    private var allTiers: Set<String>
    /// Keys written by earlier documents; nil for a deleted one.
    private var overlay: [String: [UInt8]?] = [:]
    /// The contents of GlobalNetworkPolicies that earlier documents write, read once.
    private(set) var overlayFacts: [String: StoredFacts] = [:]
    private var overlaySubnets = CIDRMap<SubnetID>()
    private var overlayBlocks = CIDRMap<String>()

    /// - Parameter deadline: when nobody waits for the plan any more; nil for plans that are small.
    init(_ mirror: Mirror, deadline: ContinuousClock.Instant? = nil) {
        self.mirror = mirror
        self.deadline = deadline
        (storedRegions, storedTiers) = mirror.read { ($0.regions, $0.tiers) }
        (allRegions, allTiers) = (storedRegions, storedTiers)
    }

    /// True when the client has left or its time is over, so that a long plan may stop.
    var isAbandoned: Bool { Task.isCancelled || deadline.map { $0 <= .now } ?? false }

    /// Names of the registered regions, those of earlier documents included.
    var regions: Set<String> {
        log.note(.regions, .set(storedRegions))
        return allRegions
    }

    /// Names of the tiers, those of earlier documents included.
    var tiers: Set<String> {
        log.note(.tiers, .set(storedTiers))
        return allTiers
    }

    /// True if an earlier document writes this key.
    func isTouched(_ path: String) -> Bool { overlay.index(forKey: path) != nil }

    /// True if the region is registered. Unlike `regions` this rests on that region's key alone.
    func hasRegion(_ name: String) -> Bool {
        entry(InventoryKey.region(name).resourceKey.path) != nil
    }

    /// True if any region is registered.
    var hasRegions: Bool {
        log.note(.hasRegions, .flag(!storedRegions.isEmpty))
        return !allRegions.isEmpty
    }

    /// True if the key is in etcd already, apart from what this manifest writes.
    func isStored(_ path: String) -> Bool { storedEntry(path) != nil }

    /// True if any VM carries labels that satisfy `selector` now. Only warnings depend on it, so it is
    /// no part of what the plan rests on.
    func isCarried(_ selector: Selector) -> Bool {
        mirror.read { $0.endpointLabels.distinct }.matches(selector)
    }

    /// True if policies are stored under tier-prefixed names.
    var hasTieredPolicies: Bool {
        let isTiered = mirror.read { $0.tieredPolicies > 0 }
        log.note(.hasTieredPolicies, .flag(isTiered))
        return isTiered
    }

    /// The stored entry now; entries of earlier documents have no revision yet and so 0.
    func entry(_ path: String) -> MirrorEntry? {
        if let written = overlay[path] {
            return written.map { MirrorEntry(bytes: $0, modRevision: 0) }
        }
        return storedEntry(path)
    }

    private func storedEntry(_ path: String) -> MirrorEntry? {
        let entry = mirror.read { $0.entries[path] }
        log.note(.revision(path: path), .revision(entry?.modRevision ?? 0))
        return entry
    }

    func resource(_ key: ResourceKey) -> (resource: Resource?, revision: Int64)? {
        entry(key.path).map { (Resource(key: key, bytes: $0.bytes), $0.modRevision) }
    }

    /// The keys that start with `prefix`, in order.
    func paths(prefix: String) -> [String] {
        var found = mirror.read { $0.entries }.paths(prefix: prefix)
        log.note(.paths(prefix: prefix), .names(found))
        guard !overlay.isEmpty else { return found }
        found.removeAll(where: isTouched)
        found += overlay.compactMap { path, bytes in
            bytes != nil && path.hasPrefix(prefix) ? path : nil
        }
        return found.sorted()
    }

    /// The subnets that share an address with `cidr`, ascending.
    func subnets(overlapping cidr: CIDR) -> [(cidr: CIDR, id: SubnetID)] {
        let stored = mirror.read { $0.subnets.overlapping(cidr) }
        log.note(.subnets(overlapping: cidr), .networks(stored))
        guard !overlay.isEmpty else { return stored.map { (cidr: $0.cidr, id: $0.value) } }
        return (stored.filter { !isTouched($0.value.path) } + overlaySubnets.overlapping(cidr))
            .map { (cidr: $0.cidr, id: $0.value) }
    }

    /// The address blocks that share an address with `cidr`, ascending.
    func blocks(overlapping cidr: CIDR) -> [(cidr: CIDR, region: String)] {
        let stored = mirror.read { $0.blocks.overlapping(cidr) }
        log.note(.blocks(overlapping: cidr), .networks(stored))
        guard !overlay.isEmpty else { return stored.map { (cidr: $0.cidr, region: $0.value) } }
        return
            (stored.filter { !isTouched(InventoryKey.region($0.value).resourceKey.path) }
            + overlayBlocks.overlapping(cidr))
            .map { (cidr: $0.cidr, region: $0.value) }
    }

    /// The first block of that size in `block` that overlaps no subnet, and no other region's address
    /// block. A manifest holds no allocations, so earlier documents do not matter.
    func firstFreeBlock(prefixLength: Int, in block: CIDR, of region: String) -> CIDR? {
        let free = mirror.read {
            $0.firstFreeBlock(prefixLength: prefixLength, in: block, of: region)
        }
        log.note(
            .freeBlock(prefixLength: prefixLength, within: block, region: region), .block(free))
        return free
    }

    /// Makes the plan's writes visible to the documents after it.
    mutating func apply(_ plan: PlannedWrite) {
        guard plan.parts.isEmpty else {
            for part in plan.parts where !part.writes.isEmpty { apply(part) }
            return
        }
        for write in plan.writes {
            removeNetworks(write.path)
            overlay[write.path] = .some(write.bytes)
            guard let key = ResourceKey(path: write.path) else { continue }
            if key.kind == .tier { allTiers.insert(key.name) }
            if key.kind == .globalNetworkPolicy {
                overlayFacts[write.path] = write.bytes.map {
                    StoredFacts(key, StoredValue(key, $0))
                }
            }
        }
        if case .region(let region) = plan.name {
            if plan.after == nil { allRegions.remove(region) } else { allRegions.insert(region) }
        }
        guard let after = plan.after else { return }
        switch plan.name {
        case .region(let region):
            for cidr in InventoryResource.nets(after) { overlayBlocks.insert(cidr, region) }
        case .subnet(let region, let name):
            let id = SubnetID(region: region, name: name)
            for cidr in InventoryResource.nets(after) { overlaySubnets.insert(cidr, id) }
        case .policy, .regionPolicy: break
        }
    }

    /// Takes out the networks of what an earlier document wrote under the same key.
    private mutating func removeNetworks(_ path: String) {
        guard let bytes = overlay[path] ?? nil,
            let key = ResourceKey(path: path).flatMap(InventoryKey.init)
        else { return }
        for cidr in InventoryResource.nets(bytes: bytes) {
            switch key {
            case .region(let region): overlayBlocks.remove(cidr) { $0 == region }
            case .subnet(let region, let name):
                overlaySubnets.remove(cidr) { $0 == SubnetID(region: region, name: name) }
            }
        }
    }
}

extension PlanningView {
    /// The other keys that hold the policy stored under `key`.
    func twins(of key: ResourceKey) -> [(key: ResourceKey, revision: Int64)] {
        let paths = mirror.read { $0.stored.policyNames.twins(of: key.path) }
        log.note(.twins(path: key.path), .names(paths))
        return paths.compactMap { path in
            guard let key = ResourceKey(path: path), let entry = entry(path) else { return nil }
            return (key, entry.modRevision)
        }
    }

    /// The keys of the GlobalNetworkPolicies that speak of the region, in order, what this plan writes
    /// included.
    func policies(mentioning region: String) -> [String] {
        let stored = mirror.read { $0.stored.regionMentions.policies(mentioning: region) }
        log.note(.policies(mentioning: region), .set(stored))
        let written = overlayFacts.filter { $0.value.regions?.contains(region) ?? false }.map(\.key)
        return stored.filter { !isTouched($0) }.union(written).sorted()
    }

    /// The keys of the stored objects that the selector picks, in order, no more than `limit`. The selector
    /// must not pick an object without labels.
    func paths(matching selector: Selector, limit: Int) -> [String] {
        let labels = mirror.read { $0.stored.labels }
        let found = labels.paths(matching: selector, limit: limit)
        log.note(.labelled(selector, limit: limit), .limited(found, limit: limit))
        return found.sorted()
    }

    /// The number of policies that are stored under a name with the prefix of the default tier.
    var prefixedPolicies: Int { mirror.read { $0.tieredPolicies } }

    /// The number of policies of the default tier that are stored without its prefix.
    var plainPolicies: Int { mirror.read { $0.stored.policyNames.plain } }
}

extension PlanningView {
    var legacyEndpoints: [String] {
        let names = mirror.read { $0.legacyEndpoints }
        log.note(.hasLegacyEndpoints, .flag(!names.isEmpty))
        return names.sorted()
    }
}
