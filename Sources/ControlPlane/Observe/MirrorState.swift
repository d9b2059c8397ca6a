import Calico
import Domain
import Etcd

/// One key as the mirror holds it.
struct MirrorEntry: Sendable, Equatable {
    var bytes: [UInt8]
    var modRevision: Int64
    /// The blocks of a region or a subnet; empty for anything else.
    var nets: [CIDR] = []
}

/// The keys of etcd that this product reads. A value type that only `put` and `delete` change.
///
/// Kept are policies, network sets (and so regions and subnets), tiers and ClusterInformation in
/// full, the endpoints' labels, the names of those in the legacy namespace, and `head`. Every other
/// key is passed over.
struct MirrorState: Sendable {
    private(set) var entries = SortedMap<String, MirrorEntry>()
    /// Every block of every subnet's set.
    private(set) var subnets = CIDRMap<SubnetID>()
    /// Every address block of every region, by region.
    private(set) var blocks = CIDRMap<String>()
    /// Endpoints in the namespace `openstack`.
    private(set) var legacyEndpoints: Set<String> = []
    /// The labels of all endpoints.
    private(set) var endpointLabels = EndpointLabels()
    /// Policies stored under a tier-prefixed name of the default tier.
    private(set) var tieredPolicies = 0
    /// Names of the tiers.
    private(set) var tiers: Set<String> = []
    /// Names of the registered regions.
    private(set) var regions: Set<String> = []
    /// Indexes over the contents of the values: findings, names, and references between objects.
    private(set) var stored = StoredIndex()
    /// The number of changes of what lists show.
    var versions = ListVersions()
    private(set) var storedHead = StoredHead.absent
    /// mod_revision of the key `head`; 0 while there is none.
    private(set) var storedHeadRevision: Int64 = 0
    /// The head that the next change continues.
    var head: Head { storedHead.head ?? .initial }
    /// The mod_revision of `head` that a transaction compares. It is -1 while `head` cannot be read. No key has
    /// that mod_revision, so no transaction overwrites such a value.
    var headRevision: Int64 { storedHead.head == nil ? -1 : storedHeadRevision }

    /// The kinds kept in full; changes to them are audited.
    static let kinds: [ResourceKind] = [
        .globalNetworkPolicy, .networkPolicy, .globalNetworkSet, .networkSet, .tier,
        .clusterInformation,
    ]

    static let endpointPrefix = ResourceKey.prefix(.workloadEndpoint)
    private static let endpointKeyPrefix = EtcdKey(endpointPrefix)
    private static let legacyEndpointPrefix = ResourceKey.prefix(
        .workloadEndpoint, namespace: RegionNamespace.legacy)

    /// The audited resource that `key` is; nil for every other key.
    static func auditedKey(_ key: EtcdKey) -> ResourceKey? {
        guard let path = key.string, let resource = ResourceKey(path: path),
            kinds.contains(resource.kind)
        else { return nil }
        return resource
    }

    /// The path of the WorkloadEndpoint that `key` is; nil for every other key.
    static func endpointPath(_ key: EtcdKey) -> String? {
        key.hasPrefix(endpointKeyPrefix) ? key.string : nil
    }

    /// Takes over one key's value, in a state that nobody else sees yet.
    mutating func put(_ keyValue: KeyValue) { put(PreparedPut(keyValue)) }

    /// Takes over one key's value; returns the audited entry it replaces.
    @discardableResult
    mutating func put(_ prepared: PreparedPut) -> MirrorEntry? {
        let keyValue = prepared.keyValue
        if keyValue.key == Keyspace.head {
            storedHead = StoredHead(bytes: keyValue.value)
            storedHeadRevision = keyValue.modRevision
        }
        switch prepared.content {
        case .audited(let key, let entry, let facts):
            let old = entries.set(key.path, entry)
            stored.set(key, facts)
            versions.note(key.kind)
            index(key, old: old, new: entry)
            return old
        case .endpoint(let path, let labels):
            noteEndpoint(path, labels, exists: true)
        case .other: break
        }
        return nil
    }

    /// Takes over the deletion of one key; returns the audited entry that is gone.
    @discardableResult
    mutating func delete(_ key: EtcdKey) -> MirrorEntry? {
        if key == Keyspace.head {
            storedHead = .absent
            storedHeadRevision = 0
        }
        guard let key = Self.auditedKey(key) else {
            if let path = Self.endpointPath(key) { noteEndpoint(path, nil, exists: false) }
            return nil
        }
        let old = entries.remove(key.path)
        stored.set(key, nil)
        versions.note(key.kind)
        index(key, old: old, new: nil)
        return old
    }

    private mutating func noteEndpoint(_ path: String, _ labels: [String: String]?, exists: Bool) {
        endpointLabels.set(path, labels)
        guard path.hasPrefix(Self.legacyEndpointPrefix) else { return }
        legacyEndpoints.note(
            String(path.dropFirst(Self.legacyEndpointPrefix.count)), exists: exists)
    }

    private mutating func index(_ key: ResourceKey, old: MirrorEntry?, new: MirrorEntry?) {
        if key.kind.isPolicy, key.name.hasPrefix(PolicyName.defaultTier + ".") {
            tieredPolicies += (new == nil ? 0 : 1) - (old == nil ? 0 : 1)
        }
        if key.kind == .tier { tiers.note(key.name, exists: new != nil) }
        guard let inventory = InventoryKey(key) else { return }
        if case .region(let region) = inventory { regions.note(region, exists: new != nil) }
        let (before, after) = (old?.nets ?? [], new?.nets ?? [])
        switch inventory {
        case .region(let region):
            guard before != after else { return }
            for cidr in before { blocks.remove(cidr, where: { $0 == region }) }
            for cidr in after { blocks.insert(cidr, region) }
        case .subnet(let region, let name):
            guard before != after || new == nil else { return }
            let id = SubnetID(region: region, name: name)
            for cidr in before { subnets.remove(cidr, where: { $0 == id }) }
            for cidr in after { subnets.insert(cidr, id) }
            judgePlaces(around: id, before + after)
        }
    }

    /// Judges the subnet's place, and those of the subnets that it met or meets.
    private mutating func judgePlaces(around id: SubnetID, _ nets: [CIDR]) {
        var affected: Set = [id]
        for cidr in nets {
            affected.formUnion(subnets.overlapping(cidr, limit: Self.neighbours).map(\.value))
        }
        judgePlaces(affected)
    }

    /// Subnets around one that changed which are judged again at most.
    private static let neighbours = 64

    /// Judges the places of subnets after something else has changed.
    mutating func judgePlaces(_ ids: some Sequence<SubnetID>) {
        for id in ids { stored.setPlace(id.path, placeFindings(id)) }
        versions.note(.globalNetworkSet)
    }

    mutating func takeNews() -> FindingBook.News { stored.takeNews() }
}

extension Set<String> {
    fileprivate mutating func note(_ name: String, exists: Bool) {
        if exists { insert(name) } else { remove(name) }
    }
}

/// The new value of one key with everything read from it that the mirror keeps, and judged: made before the
/// mirror's lock is taken, since reading a document costs more than all that is done under the lock.
struct PreparedPut: Sendable {
    enum Content: Sendable {
        /// A key whose changes are audited.
        case audited(ResourceKey, MirrorEntry, StoredFacts)
        /// A WorkloadEndpoint and its labels; nil when its value has none.
        case endpoint(path: String, labels: [String: String]?)
        case other
    }

    let keyValue: KeyValue
    let content: Content

    init(_ keyValue: KeyValue) {
        self.keyValue = keyValue
        if let key = MirrorState.auditedKey(keyValue.key) {
            let value = StoredValue(key, keyValue.value)
            var entry = MirrorEntry(bytes: keyValue.value, modRevision: keyValue.modRevision)
            if InventoryKey(key) != nil, let resource = value.resource {
                entry.nets = InventoryResource.nets(resource)
            }
            content = .audited(key, entry, StoredFacts(key, value))
        } else if let path = MirrorState.endpointPath(keyValue.key) {
            content = .endpoint(path: path, labels: EndpointLabels.labels(in: keyValue.value))
        } else {
            content = .other
        }
    }
}
