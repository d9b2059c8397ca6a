import Calico
import Domain

/// What a plan is made against: the mirror, and above it what earlier members of the same batch
/// will have written.
struct PlanningView: Sendable {
    let mirror: Mirror
    /// `head` as it was before any look-up; the transaction compares `headRevision`.
    let head: Head
    let headRevision: Int64
    /// Names of the registered regions and of the tiers, those of earlier members included.
    private(set) var regions: Set<String>
    private(set) var tiers: Set<String>
    /// Keys written by earlier members; nil for a deleted one.
    private var overlay: [String: [UInt8]?] = [:]
    private var overlaySubnets: [(cidr: CIDR, id: SubnetID)] = []
    private var overlayBlocks: [(cidr: CIDR, region: String)] = []

    init(_ mirror: Mirror) {
        self.mirror = mirror
        (head, headRevision, regions, tiers) = mirror.read {
            ($0.head, $0.headRevision, $0.regions, $0.tiers)
        }
    }

    /// Whether an earlier member of the batch writes this key: the next one has to wait for the
    /// next transaction, since etcd takes one write of a key in each.
    func isTouched(_ path: String) -> Bool { overlay.keys.contains(path) }

    /// The keys that earlier members of the batch, or parts of the stream, write.
    var writtenPaths: [String] { Array(overlay.keys) }

    /// Whether any earlier member of the batch writes anything.
    var hasWrites: Bool { !overlay.isEmpty }

    /// Whether the key exists in etcd already, apart from what this batch writes.
    func isStored(_ path: String) -> Bool { mirror.read { $0.entries[path] != nil } }

    /// Whether any VM carries labels that satisfy `selector` now.
    func isCarried(_ selector: Selector) -> Bool {
        mirror.read { $0.endpointLabels.distinct }.matches(selector)
    }

    /// Whether policies are stored under tier-prefixed names.
    var hasTieredPolicies: Bool { mirror.read { $0.tieredPolicies > 0 } }

    /// Whether an earlier member of the batch writes a subnet.
    var touchesSubnets: Bool { !overlaySubnets.isEmpty }

    /// The stored entry now; entries of earlier members have no revision yet and so 0.
    func entry(_ path: String) -> MirrorEntry? {
        if let written = overlay[path] {
            return written.map { MirrorEntry(bytes: $0, modRevision: 0) }
        }
        return mirror.read { $0.entries[path] }
    }

    func resource(_ key: ResourceKey) -> (resource: Resource?, revision: Int64)? {
        entry(key.path).map { (Resource(key: key, bytes: $0.bytes), $0.modRevision) }
    }

    /// The keys that start with `prefix`, in order.
    func paths(prefix: String) -> [String] {
        var found: [String] = []
        mirror.read { $0.entries }.forEach(prefix: prefix) { path, _ in
            found.append(path)
            return true
        }
        guard !overlay.isEmpty else { return found }
        found.removeAll { overlay.keys.contains($0) }
        found += overlay.compactMap { path, bytes in
            bytes != nil && path.hasPrefix(prefix) ? path : nil
        }
        return found.sorted()
    }

    /// The subnets that share an address with `cidr`, ascending.
    func subnets(overlapping cidr: CIDR) -> [(cidr: CIDR, id: SubnetID)] {
        let stored = mirror.read { $0.subnets.overlapping(cidr) }
        return stored.map { (cidr: $0.0, id: $0.1) }.filter { !isTouched($0.id.path) }
            + overlaySubnets.filter { $0.cidr.overlaps(cidr) }
    }

    /// The address blocks that share an address with `cidr`, ascending.
    func blocks(overlapping cidr: CIDR) -> [(cidr: CIDR, region: String)] {
        let stored = mirror.read { $0.blocks.overlapping(cidr) }
        return stored.map { (cidr: $0.0, region: $0.1) }
            .filter { !isTouched(InventoryKey.region($0.region).resourceKey.path) }
            + overlayBlocks.filter { $0.cidr.overlaps(cidr) }
    }

    /// Makes the plan's writes visible to the members after it.
    mutating func apply(_ plan: PlannedWrite) {
        guard plan.parts.isEmpty else {
            for part in plan.parts where !part.writes.isEmpty { apply(part) }
            return
        }
        for write in plan.writes {
            overlay[write.path] = .some(write.bytes)
            if let key = ResourceKey(path: write.path), key.kind == .tier { tiers.insert(key.name) }
        }
        if case .region(let region) = plan.name {
            if plan.after == nil { regions.remove(region) } else { regions.insert(region) }
        }
        guard let after = plan.after else { return }
        switch plan.name {
        case .region(let region):
            overlayBlocks += InventoryResource.nets(after).map { (cidr: $0, region: region) }
        case .subnet(let region, let name):
            let id = SubnetID(region: region, name: name)
            overlaySubnets += InventoryResource.nets(after).map { (cidr: $0, id: id) }
        case .policy, .regionPolicy: break
        }
    }
}
