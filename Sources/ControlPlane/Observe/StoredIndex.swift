package import Calico
package import Domain

/// The facts about one stored value that the indexes need.
package struct StoredFacts: Sendable {
    var findings: [StoredFinding] = []
    /// The name of a policy; nil for other kinds.
    var name: PolicyNames.Name?
    /// The subnets that a CrossRegionPolicy names; empty for other kinds.
    var subnets: Set<SubnetID> = []
    var labels: [String: String] = [:]
    /// The regions that a GlobalNetworkPolicy mentions; nil for other kinds.
    var regions: RegionMentions?

    init(_ key: ResourceKey, _ value: StoredValue) {
        findings = value.findings
        labels = value.resource?.labels ?? [:]
        guard key.kind.isPolicy else { return }
        name = PolicyNames.Name(key, value.resource)
        guard key.kind == .globalNetworkPolicy, let resource = value.resource else { return }
        regions = RegionMentions(resource.document)
        subnets = Set(CrossRegionAnnotation.namedSubnets(of: resource))
    }
}

/// The indexes over the contents of stored values.
package struct StoredIndex: Sendable {
    package private(set) var findings = FindingBook()
    private(set) var policyNames = PolicyNames()
    /// The CrossRegionPolicies by the subnets that they name.
    package private(set) var crossRegions = CrossRegionIndex()
    private(set) var regionMentions = RegionMentionIndex()
    private(set) var labels = LabelIndex()
    /// The labels of all network sets as selectors see them: the namespace counts as a label.
    private(set) var setLabels = DistinctLabels()
    // The labels of each key. `LabelIndex` needs the old labels to replace them.
    private var carried: [String: [String: String]] = [:]

    /// Replaces the facts about one key's value. Nil removes them.
    mutating func set(_ key: ResourceKey, _ facts: StoredFacts?) {
        let path = key.path
        labels.set(path, old: carried[path] ?? [:], new: facts?.labels ?? [:])
        if key.kind == .globalNetworkSet || key.kind == .networkSet {
            if let old = carried[path] { setLabels.remove(key.seen(old)) }
            if let facts { _ = setLabels.insert(key.seen(facts.labels)) }
        }
        carried[path] = facts?.labels
        findings.set(path, \.judged, facts?.findings ?? [])
        guard key.kind.isPolicy else { return }
        crossRegions.set(path, facts?.subnets ?? [])
        regionMentions.set(path, facts?.regions)
        for path in policyNames.set(path, facts?.name) {
            findings.set(path, \.twin, twins(of: path))
        }
    }

    /// Replaces the findings about a subnet's blocks and overlaps.
    mutating func setPlace(_ path: String, _ found: [StoredFinding]) {
        findings.set(path, \.place, found)
    }

    mutating func takeNews() -> FindingBook.News { findings.takeNews() }

    private func twins(of path: String) -> [StoredFinding] {
        let others = policyNames.twins(of: path).compactMap { ResourceKey(path: $0)?.name }
        guard !others.isEmpty, let own = ResourceKey(path: path)?.name else { return [] }
        let shown =
            policyNames.isShown(path)
            ? "the API shows this one" : "the API shows the other one"
        return [
            StoredFinding(
                .twin, at: "",
                "the policy is stored twice, as \(own) and as \(others.joined(separator: " and ")):"
                    + " Felix enforces both, and \(shown)",
                fix: "send DELETE to remove both, or delete one of them by its stored name")
        ]
    }
}

extension ResourceKey {
    /// Returns the labels of the object at this key as selectors see them: the namespace counts as a label.
    fileprivate func seen(_ labels: [String: String]) -> [String: String] {
        guard let namespace else { return labels }
        return labels.merging([EndpointLabel.namespace: namespace]) { $1 }
    }
}

/// The CrossRegionPolicies by the subnets that they name. With this index, a change or deletion of a subnet does not
/// have to read every policy.
package struct CrossRegionIndex: Sendable {
    private var subnets: [String: Set<SubnetID>] = [:]
    private var policies: [SubnetID: Set<String>] = [:]

    /// Returns the keys of the policies with a source that names the subnet.
    package func policies(naming subnet: SubnetID) -> Set<String> { policies[subnet] ?? [] }

    /// Replaces the subnets that the policy stored under `path` names.
    mutating func set(_ path: String, _ new: Set<SubnetID>) {
        let old = subnets[path] ?? []
        guard old != new else { return }
        for subnet in old.subtracting(new) {
            policies[subnet]?.remove(path)
            if policies[subnet]?.isEmpty == true { policies[subnet] = nil }
        }
        for subnet in new.subtracting(old) { policies[subnet, default: []].insert(path) }
        subnets[path] = new.isEmpty ? nil : new
    }
}

/// The findings about stored values, by key. Most values have no findings.
package struct FindingBook: Sendable {
    /// The findings about one key, by origin.
    package struct Findings: Sendable {
        /// The findings about the value alone.
        var judged: [StoredFinding] = []
        /// The findings about twins, that is, other stored policies that are the same object in the API.
        var twin: [StoredFinding] = []
        /// The findings about a subnet's region, and about its overlaps with blocks and other subnets.
        var place: [StoredFinding] = []

        var all: [StoredFinding] { judged + twin + place }
    }

    /// The new findings that have not been logged yet.
    package struct News: Sendable {
        package var found: [(path: String, finding: StoredFinding)] = []
        /// The number of further new findings, which are not in `found`.
        package var omitted = 0
    }

    /// The largest number of new findings that are logged at once. Further findings are only counted, because there may
    /// be thousands after a restart.
    package static let maximumNews = 50

    /// The findings about each key with at least one finding.
    package private(set) var byPath = SortedMap<String, Findings>()
    /// The number of findings of each code.
    package private(set) var counts: [StoredFindingCode: Int] = [:]
    private var news = News()

    /// Returns all findings about `path`.
    package func findings(_ path: String) -> [StoredFinding] { byPath[path]?.all ?? [] }

    /// Replaces the findings about `path` that have the origin `aspect`.
    mutating func set(
        _ path: String, _ aspect: WritableKeyPath<Findings, [StoredFinding]>,
        _ findings: [StoredFinding]
    ) {
        var known = byPath[path] ?? Findings()
        let old = known[keyPath: aspect]
        guard old != findings else { return }
        known[keyPath: aspect] = findings
        for finding in old { counts[finding.code, default: 0] -= 1 }
        for finding in findings {
            counts[finding.code, default: 0] += 1
            guard !old.contains(finding) else { continue }
            if news.found.count < Self.maximumNews {
                news.found.append((path, finding))
            } else {
                news.omitted += 1
            }
        }
        if known.all.isEmpty { byPath.remove(path) } else { byPath.set(path, known) }
    }

    /// Returns the findings that were added since the last call.
    mutating func takeNews() -> News {
        defer { news = News() }
        return news
    }
}
