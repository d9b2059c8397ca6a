/// The GlobalNetworkSets that stand for our regions and subnets.
package enum InventoryKey: Hashable, Sendable {
    case region(String)
    case subnet(region: String, name: String)

    /// The label on both: a rule's selector `policyserver/region == "xyz-west"` matches them.
    package static let regionLabel = "policyserver/region"
    package static let subnetLabel = "policyserver/subnet"
    static let displayNameAnnotation = "policyserver/display-name"
    static let descriptionAnnotation = "policyserver/description"

    /// The set's key: `region.<region>` or `subnet.<region>.<name>`.
    package var resourceKey: ResourceKey {
        switch self {
        case .region(let region): ResourceKey(.globalNetworkSet, name: "region." + region)
        case .subnet(let region, let name):
            ResourceKey(.globalNetworkSet, name: "subnet." + region + "." + name)
        }
    }

    /// What a set's key stands for; nil for a set that is none of ours. Region and subnet names have
    /// no dots, so the parts are unambiguous.
    package init?(_ key: ResourceKey) {
        guard key.kind == .globalNetworkSet else { return nil }
        let parts = key.name.split(separator: ".", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("region", 2) where !parts[1].isEmpty: self = .region(String(parts[1]))
        case ("subnet", 3) where !parts[1].isEmpty && !parts[2].isEmpty:
            self = .subnet(region: String(parts[1]), name: String(parts[2]))
        default: return nil
        }
    }
}
