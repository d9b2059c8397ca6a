import Calico
package import Domain

/// Iterates over the objects of one list in the order of their etcd keys. The scan reads 256 entries at a time, so that
/// it never holds the mirror's lock for long.
package struct ListScan {
    private static let chunk = 256

    private let query: ListQuery
    private let mirror: Mirror
    private let scope: AccessScope
    private let prefix: String
    private var position: String?
    private var buffer: ArraySlice<(path: String, entry: MirrorEntry)> = []
    /// The paths that the address filters select, in ascending order; nil without such filters.
    private var candidates: ArraySlice<String>?
    private var isAtEnd = false

    /// Creates a scan that begins after the query's `after`.
    ///
    /// - Parameter scope: The rights of the caller. Objects that the caller may not see are left out.
    package init(_ query: ListQuery, _ mirror: Mirror, _ scope: AccessScope) {
        self.query = query
        self.mirror = mirror
        self.scope = scope
        position = query.after
        prefix = query.collection.prefix
        candidates = Self.candidates(query, mirror, prefix: prefix)
    }

    /// Returns the next object that passes every filter; nil at the end.
    package mutating func next() -> (path: String, view: ObjectView)? {
        while true {
            if buffer.isEmpty {
                guard !isAtEnd else { return nil }
                refill()
                continue
            }
            let (path, entry) = buffer.removeFirst()
            guard let key = ResourceKey(path: path) else { continue }
            let isVisible =
                scope.readsEverything
                ? true : PlanningView(mirror).isVisible(key, entry, to: scope)
            guard isVisible != false, let view = view(path, key, entry),
                isVisible == true || scope.sees(view)
            else { continue }
            return (path, view)
        }
    }

    private mutating func refill() {
        let (prefix, position) = (prefix, position)
        var found: [(path: String, entry: MirrorEntry)] = []
        if var rest = candidates {
            let paths = rest.prefix(Self.chunk)
            rest = rest.dropFirst(paths.count)
            candidates = rest
            isAtEnd = rest.isEmpty
            found = mirror.read { state in
                paths.compactMap { path in state.entries[path].map { (path, $0) } }
            }
        } else {
            found = mirror.read { state in
                var found: [(path: String, entry: MirrorEntry)] = []
                state.entries.forEach(prefix: prefix, after: position) { path, entry in
                    found.append((path, entry))
                    return found.count < Self.chunk
                }
                return found
            }
            isAtEnd = found.count < Self.chunk
            self.position = found.last?.path ?? position
        }
        buffer = found[...]
    }

    private func view(_ path: String, _ key: ResourceKey, _ entry: MirrorEntry) -> ObjectView? {
        if query.labels.isEmpty, let view = mirror.shown.find(path, entry) {
            return scope.reaches(view.name) && mirror.isShown(key) ? view : nil
        }
        guard let resource = Resource(key: key, bytes: entry.bytes) else { return nil }
        let labels = resource.labels
        guard query.labels.allSatisfy({ labels[$0.key] == $0.value }),
            let name = ObjectName(resource), scope.reaches(name), mirror.isShown(key)
        else { return nil }
        guard CrossRegionAnnotation.isPresent(on: resource) else {
            return Representation.view(name, resource, revision: entry.modRevision).map {
                mirror.shown.keep(path, entry, $0)
            }
        }
        let view = PlanningView(mirror)
        if view.source(ofPart: resource) != nil { return nil }
        return view.object(name, resource, revision: entry.modRevision).0
    }

    /// Returns the paths of subnets that satisfy every address filter and follow the query's position. Returns nil if
    /// the query has no address filter.
    private static func candidates(
        _ query: ListQuery, _ mirror: Mirror, prefix: String
    ) -> ArraySlice<String>? {
        var selections: [Set<String>] = []
        func select(_ elements: [CIDRMap<SubnetID>.Element]) {
            selections.append(Set(elements.map(\.value.path)))
        }
        if let cidr = query.overlaps {
            select(mirror.read { $0.subnets.containing(cidr) } + mirror.subnets(within: cidr))
        }
        if let cidr = query.contains { select(mirror.read { $0.subnets.containing(cidr) }) }
        if let cidr = query.within { select(mirror.subnets(within: cidr)) }
        guard var paths = selections.first else { return nil }
        for selection in selections.dropFirst() { paths.formIntersection(selection) }
        let after = query.after ?? ""
        return paths.filter { $0.hasPrefix(prefix) && $0 > after }.sorted()[...]
    }
}

extension ListQuery.Collection {
    /// The prefix of the etcd keys of the collection's objects.
    var prefix: String {
        let sets = ResourceKey.prefix(.globalNetworkSet)
        return switch self {
        case .regions: sets + "region."
        case .subnets(let region): sets + "subnet." + (region.map { $0 + "." } ?? "")
        case .policies: ResourceKey.prefix(.globalNetworkPolicy)
        case .regionPolicies(let region):
            ResourceKey.prefix(.networkPolicy, namespace: RegionNamespace.of(region: region))
        }
    }
}

/// Counts the changes to lists since this server started. As long as the count for a collection stays the same, the
/// lists of that collection stay the same.
struct ListVersions: Sendable {
    /// The number of changes to network sets and to the findings about them.
    private var sets: UInt64 = 0
    /// The number of changes to policies and tiers.
    private var policies: UInt64 = 0

    /// Records that an object of `kind` was written, deleted or judged again.
    mutating func note(_ kind: ResourceKind) {
        switch kind {
        case .globalNetworkSet: sets += 1
        case .globalNetworkPolicy, .networkPolicy, .tier: policies += 1
        default: break
        }
    }

    /// Continues from the counts of the replaced state `old`, so that the same count never stands for different lists.
    mutating func replace(_ old: ListVersions) {
        sets += old.sets + 1
        policies += old.policies + 1
    }

    /// The count of all changes that can affect a list of `collection`. Lists of policies also depend on the regions
    /// and subnets that CrossRegionPolicies name.
    subscript(collection: ListQuery.Collection) -> UInt64 {
        switch collection {
        case .regions, .subnets: sets
        case .policies, .regionPolicies: sets + policies
        }
    }
}
