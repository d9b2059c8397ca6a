import Calico
import Domain
import Etcd
import Store

/// Reads the state at one position from the ledger. The reader fills a small mirror with the objects that a read needs.
/// So the code that reads the present state can also read the past.
struct HistoricalReader: Sendable {
    let ledger: AuditLedger
    let planner: Planner
    let position: HistoryPosition
    /// The rights of the caller. Objects that the caller may not see count as absent.
    let scope: AccessScope
    /// True if each read checks that the ledger still knows the position. A failed check throws `UnknownPosition`.
    var isKnown = true

    /// The number of keys that one query of the ledger reads.
    private static let chunk = 256

    /// Returns the object; nil if it did not exist or if the caller may not see it.
    func object(_ name: ObjectName) async throws -> ObjectView? {
        guard scope.reaches(name) else { return nil }
        var objects: [HistoricalObject] = []
        if name.isPolicy { objects = try await all(prefix: ResourceKey.prefix(.tier)) }
        let keys = planner.policyKeys(name, PlanningView(Self.mirror(of: objects)))
        objects += try await ledger.objects(keys: keys.map(\.path), at: position, isKnown: isKnown)
        objects += try await related(to: objects)
        return planner.visible(name, to: scope, PlanningView(Self.mirror(of: objects)))
    }

    /// Returns one page of the list. Reads the ledger only until the page is complete.
    func list(_ query: ListQuery) async throws -> ListPage {
        var page = ListPage(items: [], next: nil)
        var last = query.after
        var query = query
        while true {
            let chunk = try await ledger.objects(
                prefix: query.collection.prefix, after: query.after, limit: Self.chunk,
                at: position,
                isKnown: isKnown)
            let related = try await related(to: chunk.objects)
            var scan = ListScan(query, Self.mirror(of: chunk.objects + related), scope)
            // Stops at the end of the chunk, although the mirror may also hold related objects that come after the
            // chunk. A later chunk shows these objects.
            while let (path, view) = scan.next(), chunk.next.map({ path <= $0 }) ?? true {
                if page.items.count == query.limit {
                    page.next = last
                    return page
                }
                page.items.append(view)
                last = path
            }
            guard let next = chunk.next else { return page }
            query.after = next
        }
    }

    /// Returns the names of the regions that were registered at the reader's position.
    func regions() async throws -> [String] {
        try await all(prefix: ListQuery.Collection.regions.prefix).compactMap { object in
            guard let key = ResourceKey(path: object.key),
                case .region(let region) = InventoryKey(key)
            else { return nil }
            return region
        }
    }

    private func all(prefix: String) async throws -> [HistoricalObject] {
        var objects: [HistoricalObject] = []
        var after: String?
        repeat {
            let page = try await ledger.objects(
                prefix: prefix, after: after, limit: Self.chunk, at: position,
                isKnown: isKnown)
            objects += page.objects
            after = page.next
        } while after != nil
        return objects
    }

    /// Returns the objects that are needed to show `objects`. For the first compiled policy of a CrossRegionPolicy,
    /// these are the other compiled policies, and the regions and subnets that the CrossRegionPolicy names. For any
    /// other compiled policy, this is the first one. For a policy that is stored with a tier prefix, this is the twin
    /// without the prefix, which the API shows instead.
    private func related(to objects: [HistoricalObject]) async throws -> [HistoricalObject] {
        var keys: Set<String> = []
        for object in objects {
            guard let resource = object.resource, resource.key.kind.isPolicy else { continue }
            let name = PolicyName.authored(resource)
            if name != resource.key.name {
                let (kind, namespace) = (resource.key.kind, resource.key.namespace)
                keys.insert(ResourceKey(kind, namespace: namespace, name: name).path)
            }
            guard resource.key.kind == .globalNetworkPolicy else { continue }
            keys.formUnion(CrossRegionKeys.related(to: resource))
        }
        keys.subtract(objects.map(\.key))
        return try await ledger.objects(keys: keys.sorted(), at: position, isKnown: isKnown)
    }

    private static func mirror(of objects: [HistoricalObject]) -> Mirror {
        var state = MirrorState()
        for object in objects {
            state.put(
                KeyValue(
                    key: EtcdKey(object.key), value: Array(object.value.utf8),
                    modRevision: object.position.revision))
        }
        let mirror = Mirror()
        mirror.replace(with: state, revision: 0)
        return mirror
    }
}

extension HistoricalObject {
    /// The resource; nil if the value is not a resource.
    var resource: Resource? {
        ResourceKey(path: key).flatMap { Resource(key: $0, bytes: Array(value.utf8)) }
    }
}

/// Computes the etcd keys that belong to a CrossRegionPolicy.
enum CrossRegionKeys {
    /// Returns the keys that are needed to show a policy. For the first compiled policy of a CrossRegionPolicy, these
    /// are the keys of the other compiled policies, and of the subnets and regions that the CrossRegionPolicy names.
    /// For any other compiled policy, these are the possible keys of the first one. Returns an empty array for a policy
    /// that is not compiled.
    static func related(to resource: Resource) -> [String] {
        if let name = CrossRegionAnnotation.sourceName(ofPart: resource) { return stored(name) }
        guard let policy = CrossRegionAnnotation.policy(of: resource) else { return [] }
        let references = policy.value.map(CrossRegionCompiler.references)
        return parts(of: PolicyName.authored(resource))
            + (references?.subnets ?? []).map {
                InventoryKey.subnet(region: $0.value.region, name: $0.value.name).resourceKey.path
            }
            + (references?.regions ?? []).map {
                InventoryKey.region($0.value).resourceKey.path
            }
    }

    /// Returns the possible keys of the compiled policies of the CrossRegionPolicy `name`, except the first policy.
    static func parts(of name: String) -> [String] {
        (1..<CrossRegionCompiler.maximumPolicies).flatMap {
            stored(CrossRegionCompiler.name(name, index: $0))
        }
    }

    /// Returns the possible keys of the GlobalNetworkPolicy `name` in the default tier.
    static func stored(_ name: String) -> [String] {
        let conventions: [PolicyNameConvention] = [.plain, .tiered]
        let names = conventions.map {
            PolicyName.stored(name, tier: PolicyName.defaultTier, convention: $0)
        }
        return Set(names).sorted().map { ResourceKey(.globalNetworkPolicy, name: $0).path }
    }
}
