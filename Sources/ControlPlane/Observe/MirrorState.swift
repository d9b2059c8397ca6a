package import Calico
import Documents
package import Domain
package import Etcd

/// One key in the mirror.
package struct MirrorEntry: Sendable, Equatable {
    package var bytes: [UInt8]
    package var modRevision: Int64
    /// The blocks of a region or a subnet; empty for other keys.
    package var nets: [CIDR] = []
    /// The facts about a policy. Nil for other keys, for values that are not resources, and for values that are only
    /// planned.
    package var policy: PolicyFacts?
}

/// The state of the followed etcd keys. Only `put` and `delete` change the stored keys.
///
/// The state stores these values in full: policies, network sets (including regions and subnets), tiers, the
/// ClusterInformation, and the changes that wait for a second person. It also stores the labels of endpoints, the names
/// of endpoints in the legacy namespace, and `head`. It ignores all other keys.
package struct MirrorState: Sendable {
    /// The keys that are stored in full, by path.
    package private(set) var entries = SortedMap<String, MirrorEntry>()
    /// The networks of all subnets, each with its subnet.
    package private(set) var subnets = CIDRMap<SubnetID>()
    /// The address blocks of all regions, each with the name of its region.
    package private(set) var blocks = CIDRMap<String>()
    /// The names of the endpoints in the namespace `openstack`, which Neutron uses for a site without a region name.
    private(set) var legacyEndpoints: Set<String> = []
    /// The labels of all endpoints, that is, of the VMs.
    package private(set) var endpointLabels = EndpointLabels()
    /// The number of policies of the default tier that are stored with the tier's prefix.
    private(set) var tieredPolicies = 0
    /// The names of the tiers.
    private(set) var tiers: Set<String> = []
    /// The names of the registered regions.
    package private(set) var regions: Set<String> = []
    /// The indexes over the contents of the values: findings, names, and references between objects.
    package private(set) var stored = StoredIndex()
    /// The changes that wait for a second person.
    package private(set) var waiting = WaitingChanges()
    /// The version of each list. It counts the changes to the list's contents.
    var versions = ListVersions()
    private(set) var storedHead = StoredHead.absent
    /// The mod_revision of the key `head`; 0 if absent.
    package private(set) var storedHeadRevision: Int64 = 0

    private let authenticator: JournalAuthenticator

    /// Creates the state of an empty etcd.
    ///
    /// - Parameter authenticator: Verifies the changes that wait for a second person.
    package init(authenticator: JournalAuthenticator = JournalAuthenticator()) {
        self.authenticator = authenticator
    }

    /// The head that the next change builds on.
    var head: Head { storedHead.head ?? .initial }
    /// The mod_revision of `head` that a transaction compares. It is -1 while the stored `head` is unreadable. No key
    /// has the mod_revision -1, so no transaction can overwrite an unreadable `head`.
    package var headRevision: Int64 { storedHead.head == nil ? -1 : storedHeadRevision }

    /// The kinds that are stored in full. Their changes are audited.
    static let kinds: [ResourceKind] = [
        .globalNetworkPolicy, .networkPolicy, .globalNetworkSet, .networkSet, .tier,
        .clusterInformation,
    ]

    static let endpointPrefix = ResourceKey.prefix(.workloadEndpoint)
    private static let endpointKeyPrefix = EtcdKey(endpointPrefix)
    private static let legacyEndpointPrefix = ResourceKey.prefix(
        .workloadEndpoint, namespace: RegionNamespace.legacy)

    /// Returns the path of the WorkloadEndpoint at `key`; nil for other keys.
    static func endpointPath(_ key: EtcdKey) -> String? {
        key.hasPrefix(endpointKeyPrefix) ? key.string : nil
    }

    /// Parses and stores the value of one key. The state must not be visible to other tasks yet, because the parsing
    /// would hold the mirror's lock for too long.
    package mutating func put(_ keyValue: KeyValue) { put(PreparedPut(keyValue, authenticator)) }

    /// Stores the value of one key. Returns the audited entry that it replaces; nil if there is none.
    @discardableResult
    package mutating func put(_ prepared: PreparedPut) -> MirrorEntry? {
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
        case .pending(let path, let entry, let change):
            waiting.set(path, change)
            return entries.set(path, entry)
        case .endpoint(let path, let labels):
            noteEndpoint(path, labels, exists: true)
        case .other: break
        }
        return nil
    }

    /// Removes one key. Returns the removed audited entry; nil if there is none.
    @discardableResult
    package mutating func delete(_ key: EtcdKey) -> MirrorEntry? {
        if key == Keyspace.head {
            storedHead = .absent
            storedHeadRevision = 0
        }
        guard let audited = AuditedKey(key) else {
            if let path = Self.endpointPath(key) { noteEndpoint(path, nil, exists: false) }
            return nil
        }
        let old = entries.remove(audited.path)
        guard let key = audited.resource else {
            waiting.set(audited.path, nil)
            return old
        }
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

    /// Checks the subnet `id`, and all subnets that overlap `nets`, which are the old and new networks of the subnet
    /// `id`.
    private mutating func judgePlaces(around id: SubnetID, _ nets: [CIDR]) {
        var affected: Set = [id]
        for cidr in nets {
            affected.formUnion(subnets.overlapping(cidr, limit: Self.neighbours).map(\.value))
        }
        judgePlaces(affected)
    }

    /// The largest number of overlapping subnets that are checked for each network. The limit bounds the time under the
    /// mirror's lock.
    private static let neighbours = 64

    /// Checks the subnets `ids` again after another object has changed.
    mutating func judgePlaces(_ ids: some Sequence<SubnetID>) {
        for id in ids { stored.setPlace(id.path, placeFindings(id)) }
        versions.note(.globalNetworkSet)
    }

    /// Returns the findings that were added since the last call.
    package mutating func takeNews() -> FindingBook.News { stored.takeNews() }
}

extension Set<String> {
    fileprivate mutating func note(_ name: String, exists: Bool) {
        if exists { insert(name) } else { remove(name) }
    }
}

/// The new value of one key, parsed and checked. It is made before the mirror's lock is taken, because parsing costs
/// more than all the work under the lock.
package struct PreparedPut: Sendable {
    /// The kind of a value, and the parts of the value that the mirror keeps.
    package enum Content: Sendable {
        /// A key whose changes are audited.
        case audited(ResourceKey, MirrorEntry, StoredFacts)
        /// A change that waits for a second person.
        case pending(path: String, MirrorEntry, WaitingChange)
        /// A WorkloadEndpoint. `labels` is nil if the value has no readable labels.
        case endpoint(path: String, labels: [String: String]?)
        case other
    }

    let keyValue: KeyValue
    package let content: Content
    /// The parsed value of an audited object; nil if it is not a JSON object, and for other keys.
    private(set) var document: JSONValue?

    /// Parses and checks the value of one key.
    ///
    /// - Parameter authenticator: Verifies a change that waits for a second person.
    package init(
        _ keyValue: KeyValue, _ authenticator: JournalAuthenticator = JournalAuthenticator()
    ) {
        self.keyValue = keyValue
        var entry: MirrorEntry {
            MirrorEntry(bytes: keyValue.value, modRevision: keyValue.modRevision)
        }
        switch AuditedKey(keyValue.key) {
        case .resource(let key)?:
            var entry = entry
            let value = StoredValue(key, keyValue.value)
            document = value.resource?.document
            if let resource = value.resource {
                if InventoryKey(key) != nil { entry.nets = InventoryResource.nets(resource) }
                entry.policy = PolicyFacts(resource)
            }
            content = .audited(key, entry, StoredFacts(key, value))
        case .pending(let id)?:
            content = .pending(
                path: Keyspace.pendingPath(id), entry,
                WaitingChange(id, bytes: keyValue.value, authenticator))
        case nil:
            content =
                MirrorState.endpointPath(keyValue.key).map {
                    .endpoint(path: $0, labels: EndpointLabels.labels(in: keyValue.value))
                } ?? .other
        }
    }
}
