import Calico
import Domain

/// What is read from a stored value beside its networks.
struct StoredFacts: Sendable {
    var findings: [StoredFinding] = []
    /// Nil for anything but a policy.
    var name: PolicyNames.Name?
    /// The subnets that it names if it is a CrossRegionPolicy.
    var subnets: Set<SubnetID> = []
    var labels: [String: String] = [:]
    /// The regions that it speaks of if it is a GlobalNetworkPolicy.
    var regions: RegionMentions?

    init(_ key: ResourceKey, _ value: StoredValue) {
        findings = value.findings
        labels = value.resource?.labels ?? [:]
        guard key.kind.isPolicy else { return }
        name = PolicyNames.Name(key, value.resource)
        guard key.kind == .globalNetworkPolicy, let resource = value.resource else { return }
        regions = RegionMentions(resource.document)
        subnets = Set(
            CrossRegionAnnotation.namedSubnets(of: resource).map {
                SubnetID(region: $0.region, name: $0.name)
            })
    }
}

/// What the mirror knows about its values beyond their bytes.
struct StoredIndex: Sendable {
    private(set) var findings = FindingBook()
    private(set) var policyNames = PolicyNames()
    private(set) var crossRegions = CrossRegionIndex()
    private(set) var regionMentions = RegionMentionIndex()
    private(set) var labels = LabelIndex()
    private var carried: [String: [String: String]] = [:]

    /// Takes over what is known about one key's value; nil when the key is gone.
    mutating func set(_ key: ResourceKey, _ facts: StoredFacts?) {
        let path = key.path
        labels.set(path, old: carried[path] ?? [:], new: facts?.labels ?? [:])
        carried[path] = facts?.labels
        findings.set(path, \.judged, facts?.findings ?? [])
        guard key.kind.isPolicy else { return }
        crossRegions.set(path, facts?.subnets ?? [])
        regionMentions.set(path, facts?.regions)
        for path in policyNames.set(path, facts?.name) {
            findings.set(path, \.twin, twins(of: path))
        }
    }

    /// Takes over what is wrong with a subnet's place.
    mutating func setPlace(_ path: String, _ found: [StoredFinding]) {
        findings.set(path, \.place, found)
    }

    mutating func takeNews() -> FindingBook.News { findings.takeNews() }

    private func twins(of path: String) -> [StoredFinding] {
        let others = policyNames.twins(of: path).compactMap { ResourceKey(path: $0)?.name }
        guard !others.isEmpty, let own = ResourceKey(path: path)?.name else { return [] }
        let shown =
            policyNames.isShown(path)
            ? "this is the one that is shown" : "this is not the one that is shown"
        return [
            StoredFinding(
                .twin, at: "",
                "the policy is stored twice, as \(own) and as \(others.joined(separator: " and ")):"
                    + " Felix enforces both, and \(shown)",
                fix: "DELETE removes both; or delete the key that is not wanted by its stored name")
        ]
    }
}

/// Which CrossRegionPolicies name a subnet, so that neither its deletion nor a change of its network has to
/// look at every policy.
struct CrossRegionIndex: Sendable {
    private var subnets: [String: Set<SubnetID>] = [:]
    private var policies: [SubnetID: Set<String>] = [:]

    /// The keys of the policies whose source names the subnet.
    func policies(naming subnet: SubnetID) -> Set<String> { policies[subnet] ?? [] }

    /// Takes over the subnets that the policy stored under `path` names now.
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
