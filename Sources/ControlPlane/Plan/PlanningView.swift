import Calico
import Domain

/// The state that a plan reads: the mirror, overlaid with the writes of earlier documents in the same manifest. The
/// view logs every read, so that the plan can be checked later.
package struct PlanningView: Sendable {
    let mirror: Mirror
    let log = ReadLog()
    private let deadline: ContinuousClock.Instant?
    private let storedRegions: Set<String>
    private let storedTiers: Set<String>
    private var allRegions: Set<String>
    private var allTiers: Set<String>
    /// The values that earlier documents of the manifest write, by key; a nil value is a deletion.
    private var overlay: [String: [UInt8]?] = [:]
    /// The parsed contents of GlobalNetworkPolicies that earlier documents of the manifest write.
    private(set) var overlayFacts: [String: StoredFacts] = [:]
    private var overlaySubnets = CIDRMap<SubnetID>()
    private var overlayBlocks = CIDRMap<String>()

    /// - Parameter deadline: The time when the client stops waiting for the plan; nil for a small plan.
    package init(_ mirror: Mirror, deadline: ContinuousClock.Instant? = nil) {
        self.mirror = mirror
        self.deadline = deadline
        (storedRegions, storedTiers) = mirror.read { ($0.regions, $0.tiers) }
        (allRegions, allTiers) = (storedRegions, storedTiers)
    }

    /// True if the client has disconnected or the deadline has passed. A long plan may then stop.
    var isAbandoned: Bool { Task.isCancelled || deadline.map { $0 <= .now } ?? false }

    /// The names of the registered regions, including regions from earlier documents of the manifest.
    var regions: Set<String> {
        log.note(.regions, .set(storedRegions))
        return allRegions
    }

    /// The names of the tiers, including tiers from earlier documents of the manifest.
    var tiers: Set<String> {
        log.note(.tiers, .set(storedTiers))
        return allTiers
    }

    /// True if an earlier document of the manifest writes a key.
    var hasWrites: Bool { !overlay.isEmpty }

    /// Returns true if an earlier document of the manifest writes this key.
    func isTouched(_ path: String) -> Bool { overlay.index(forKey: path) != nil }

    /// Returns true if the region is registered. Unlike `regions`, this reads only the key of that region.
    func hasRegion(_ name: String) -> Bool {
        entry(InventoryKey.region(name).resourceKey.path) != nil
    }

    /// True if any region is registered.
    var hasRegions: Bool {
        log.note(.hasRegions, .flag(!storedRegions.isEmpty))
        return !allRegions.isEmpty
    }

    /// Returns true if the key is already in etcd. Writes of this manifest do not count.
    func isStored(_ path: String) -> Bool { storedEntry(path) != nil }

    /// Returns true if the labels of any VM satisfy `selector` now. The read set does not include this answer, because
    /// only warnings use it.
    func isCarried(_ selector: Selector) -> Bool {
        mirror.read { $0.endpointLabels.distinct }.matches(selector)
    }

    /// Returns true if the labels of any network set satisfy `selector` now. The read set does not include this answer,
    /// because only warnings use it.
    func isCarriedBySet(_ selector: Selector) -> Bool {
        mirror.read { $0.stored.setLabels }.matches(selector)
    }

    /// True if policies are stored under tier-prefixed names.
    var hasTieredPolicies: Bool {
        let isTiered = mirror.read { $0.tieredPolicies > 0 }
        log.note(.hasTieredPolicies, .flag(isTiered))
        return isTiered
    }

    /// Returns the current entry. An entry that an earlier document of the manifest writes has revision 0.
    package func entry(_ path: String) -> MirrorEntry? {
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

    /// Returns the keys that start with `prefix`, in order.
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

    /// Returns the subnets that share an address with `cidr`, in ascending order.
    func subnets(overlapping cidr: CIDR) -> [(cidr: CIDR, id: SubnetID)] {
        let stored = mirror.read { $0.subnets.overlapping(cidr) }
        log.note(.subnets(overlapping: cidr), .networks(stored))
        guard !overlay.isEmpty else { return stored.map { (cidr: $0.cidr, id: $0.value) } }
        return (stored.filter { !isTouched($0.value.path) } + overlaySubnets.overlapping(cidr))
            .map { (cidr: $0.cidr, id: $0.value) }
    }

    /// Returns the address blocks that share an address with `cidr`, in ascending order.
    func blocks(overlapping cidr: CIDR) -> [(cidr: CIDR, region: String)] {
        let stored = mirror.read { $0.blocks.overlapping(cidr) }
        log.note(.blocks(overlapping: cidr), .networks(stored))
        guard !overlay.isEmpty else { return stored.map { (cidr: $0.cidr, region: $0.value) } }
        return
            (stored.filter { !isTouched(InventoryKey.region($0.value).resourceKey.path) }
            + overlayBlocks.overlapping(cidr))
            .map { (cidr: $0.cidr, region: $0.value) }
    }

    /// Returns the first free block of the requested size in `block`. A free block overlaps no subnet, and no address
    /// block of another region. Earlier documents of the manifest are ignored, because a manifest contains no
    /// allocations.
    func firstFreeBlock(prefixLength: Int, in block: CIDR, of region: String) -> CIDR? {
        let free = mirror.read {
            $0.firstFreeBlock(prefixLength: prefixLength, in: block, of: region)
        }
        log.note(
            .freeBlock(prefixLength: prefixLength, within: block, region: region), .block(free))
        return free
    }

    /// Makes the writes of `plan` visible to later documents of the manifest.
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

    /// Removes from the overlay the networks that an earlier document of the manifest wrote under the key `path`.
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
    /// Returns the other keys under which the policy at `key` is also stored.
    func twins(of key: ResourceKey) -> [(key: ResourceKey, revision: Int64)] {
        let paths = mirror.read { $0.stored.policyNames.twins(of: key.path) }
        log.note(.twins(path: key.path), .names(paths))
        return paths.compactMap { path in
            guard let key = ResourceKey(path: path), let entry = entry(path) else { return nil }
            return (key, entry.modRevision)
        }
    }

    /// Returns `plain` if a policy is stored there. Otherwise returns the first key with a tier prefix under which the
    /// same policy is stored; nil if there is none. Ignores the writes of earlier documents of the manifest.
    func storedPolicyKey(_ plain: ResourceKey) -> ResourceKey? {
        let path = plain.path
        let (revision, prefixed) = mirror.read {
            ($0.entries[path]?.modRevision ?? 0, $0.stored.policyNames.prefixed(path))
        }
        log.note(.revision(path: path), .revision(revision))
        guard revision == 0 else { return plain }
        log.note(.prefixed(path: path), .set(prefixed))
        return prefixed.min().flatMap(ResourceKey.init(path:))
    }

    /// Returns the keys of the GlobalNetworkPolicies that mention the region, in order. Includes policies that this
    /// plan writes.
    func policies(mentioning region: String) -> [String] {
        let stored = mirror.read { $0.stored.regionMentions.policies(mentioning: region) }
        log.note(.policies(mentioning: region), .set(stored))
        let written = overlayFacts.filter { $0.value.regions?.contains(region) ?? false }.map(\.key)
        return stored.filter { !isTouched($0) }.union(written).sorted()
    }

    /// Returns the keys of at most `limit` stored objects that match the selector, in order. The selector must not
    /// match objects without labels.
    func paths(matching selector: Selector, limit: Int) -> [String] {
        let labels = mirror.read { $0.stored.labels }
        let found = labels.paths(matching: selector, limit: limit)
        log.note(.labelled(selector, limit: limit), .limited(found, limit: limit))
        return found.sorted()
    }

    /// The number of policies that are stored with the prefix of the default tier. The read set does not include this
    /// number, because only warnings use it.
    var prefixedPolicies: Int { mirror.read { $0.tieredPolicies } }

    /// The number of policies of the default tier that are stored without the tier's prefix. The read set does not
    /// include this number, because only warnings use it.
    var plainPolicies: Int { mirror.read { $0.stored.policyNames.plain } }
}

extension PlanningView {
    var legacyEndpoints: [String] {
        let names = mirror.read { $0.legacyEndpoints }
        log.note(.hasLegacyEndpoints, .flag(!names.isEmpty))
        return names.sorted()
    }
}
