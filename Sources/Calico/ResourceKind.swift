/// The Calico v3 kinds this product reads or writes, by their `kind` text.
package enum ResourceKind: String, CaseIterable, Sendable, Hashable {
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case networkPolicy = "NetworkPolicy"
    case globalNetworkSet = "GlobalNetworkSet"
    case networkSet = "NetworkSet"
    case tier = "Tier"
    case workloadEndpoint = "WorkloadEndpoint"
    case clusterInformation = "ClusterInformation"

    /// The path element of the etcd key (`/calico/resources/v3/projectcalico.org/<plural>/…`).
    package var plural: String {
        switch self {
        case .globalNetworkPolicy: "globalnetworkpolicies"
        case .networkPolicy: "networkpolicies"
        case .globalNetworkSet: "globalnetworksets"
        case .networkSet: "networksets"
        case .tier: "tiers"
        case .workloadEndpoint: "workloadendpoints"
        case .clusterInformation: "clusterinformations"
        }
    }

    /// Whether the key has a namespace element before the name.
    package var isNamespaced: Bool {
        switch self {
        case .networkPolicy, .networkSet, .workloadEndpoint: true
        case .globalNetworkPolicy, .globalNetworkSet, .tier, .clusterInformation: false
        }
    }

    /// Whether objects of this kind are policies: in a tier, with rules.
    package var isPolicy: Bool {
        self == .globalNetworkPolicy || self == .networkPolicy
    }

    /// The kind whose etcd path element is `plural`, if it is one of ours.
    package init?(plural: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.plural == plural }) else { return nil }
        self = kind
    }
}
