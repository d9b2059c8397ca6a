import Calico
import Documents
import Domain

/// The regions that a policy's selectors speak of.
struct RegionMentions: Sendable, Equatable {
    /// Regions whose namespace or label a selector compares with.
    private(set) var named: Set<String> = []
    /// Selectors that do not parse: each may speak of any region whose name is in it.
    private(set) var unreadable: [String] = []

    var isEmpty: Bool { named.isEmpty && unreadable.isEmpty }

    /// - Parameter document: a policy as it is stored.
    init(_ document: JSONValue) {
        for text in Self.selectors(document) {
            do {
                let selector = try Selector(parsing: text)
                // Most selectors compare nothing, and cost nothing more.
                for comparison in selector.comparisons { note(comparison) }
            } catch {
                unreadable.append(text)
            }
        }
    }

    func contains(_ region: String) -> Bool {
        named.contains(region) || unreadable.contains { $0.contains(region) }
    }

    private mutating func note(_ comparison: SelectorComparison) {
        switch comparison.label {
        case "projectcalico.org/namespace":
            named.formUnion(comparison.values.compactMap(RegionNamespace.region(of:)))
        case InventoryKey.regionLabel: named.formUnion(comparison.values)
        default: break
        }
    }

    /// Every selector text: the policy's own and those of its rules' entities.
    private static func selectors(_ document: JSONValue) -> [String] {
        guard let spec = document["spec"] else { return [] }
        let rules = (spec["ingress"]?.arrayValue ?? []) + (spec["egress"]?.arrayValue ?? [])
        let entities = rules.flatMap { [$0["source"], $0["destination"]] }.compactMap { $0 }
        let fields = entities.flatMap { [$0["selector"], $0["notSelector"]] } + [spec["selector"]]
        return fields.compactMap { $0?.stringValue }
    }
}

/// The GlobalNetworkPolicies that speak of a region, so that deleting the region need not look at every
/// policy.
struct RegionMentionIndex: Sendable {
    private var mentions: [String: RegionMentions] = [:]
    private var policies: [String: Set<String>] = [:]
    /// Policies with selectors that do not parse.
    private var unreadable: Set<String> = []

    /// The keys of the policies that speak of the region.
    func policies(mentioning region: String) -> Set<String> {
        (policies[region] ?? []).union(
            unreadable.filter { mentions[$0]?.contains(region) ?? false })
    }

    /// Takes over the mentions of the policy stored under `path`; nil for none.
    mutating func set(_ path: String, _ new: RegionMentions?) {
        let new = new.flatMap { $0.isEmpty ? nil : $0 }
        let old = mentions[path]
        guard old != new else { return }
        for region in old?.named ?? [] {
            policies[region]?.remove(path)
            if policies[region]?.isEmpty == true { policies[region] = nil }
        }
        for region in new?.named ?? [] { policies[region, default: []].insert(path) }
        if new?.unreadable.isEmpty ?? true {
            unreadable.remove(path)
        } else {
            unreadable.insert(path)
        }
        mentions[path] = new
    }
}
