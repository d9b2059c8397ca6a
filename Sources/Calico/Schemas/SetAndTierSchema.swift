/// Calico's network sets (global and namespaced have one shape).
enum NetworkSetSchema {
    static let networkSet = MetadataSchema.resource(
        spec: GoStruct([GoField("nets", .list(of: .string))]))
}

/// Calico's Tier.
enum TierSchema {
    static let tier = MetadataSchema.resource(
        spec: GoStruct([
            GoField("order", .pointer(to: .number)),
            GoField("defaultAction", .pointer(to: .string)),
        ]))
}

extension ResourceKind {
    /// The Go struct of the kinds that this server judges; nil for the others.
    var schema: GoStruct? {
        switch self {
        case .globalNetworkPolicy: PolicySchema.globalNetworkPolicy
        case .networkPolicy: PolicySchema.networkPolicy
        case .globalNetworkSet, .networkSet: NetworkSetSchema.networkSet
        case .tier: TierSchema.tier
        case .workloadEndpoint, .clusterInformation: nil
        }
    }
}
