import Calico
import Documents
import Domain

/// The regions that a policy's selectors mention.
struct RegionMentions: Sendable, Equatable {
    /// The regions that a selector names in a comparison of a namespace or a region label.
    private(set) var named: Set<String> = []
    /// The selectors that do not parse. Such a selector counts as a mention of every region whose name occurs in its
    /// text.
    private(set) var unreadable: [String] = []

    var isEmpty: Bool { named.isEmpty && unreadable.isEmpty }

    /// - Parameter document: A stored policy.
    init(_ document: JSONValue) {
        for text in Self.selectors(document) {
            do {
                // Collecting the regions is cheap, because most selectors contain no comparison.
                named.formUnion(try Selector(parsing: text).namedRegions)
            } catch {
                unreadable.append(text)
            }
        }
    }

    func contains(_ region: String) -> Bool {
        named.contains(region) || unreadable.contains { $0.contains(region) }
    }

    /// Returns all selectors of the policy: the policy's selector, and the selectors of the sources and destinations in
    /// its rules.
    private static func selectors(_ document: JSONValue) -> [String] {
        guard let spec = document["spec"] else { return [] }
        let rules = (spec["ingress"]?.arrayValue ?? []) + (spec["egress"]?.arrayValue ?? [])
        let entities = rules.flatMap { [$0["source"], $0["destination"]] }.compactMap { $0 }
        let fields = entities.flatMap { [$0["selector"], $0["notSelector"]] } + [spec["selector"]]
        return fields.compactMap { $0?.stringValue }
    }
}

/// An index of the GlobalNetworkPolicies by the regions that they mention. With this index, the deletion of a region
/// does not have to read every policy.
struct RegionMentionIndex: Sendable {
    private var mentions: [String: RegionMentions] = [:]
    private var policies: [String: Set<String>] = [:]
    /// The policies with selectors that do not parse.
    private var unreadable: Set<String> = []

    /// Returns the keys of the policies that mention the region.
    func policies(mentioning region: String) -> Set<String> {
        (policies[region] ?? []).union(
            unreadable.filter { mentions[$0]?.contains(region) ?? false })
    }

    /// Replaces the mentions of the policy stored under `path`; nil removes them.
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
