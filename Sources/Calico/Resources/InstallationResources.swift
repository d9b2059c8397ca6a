package import Documents
package import Domain

/// The objects that calicoctl creates before it writes a policy, unless they exist
/// (libcalico-go/lib/clientv3/client.go `EnsureInitialized`).
package enum InstallationResources {
    /// The fields of a tier. Calico evaluates tiers in ascending `order`. The `defaultAction` applies to traffic that
    /// no policy of the tier decides.
    package struct TierDefaults: Sendable {
        package let name: String
        let order: Int64
        let defaultAction: String
    }

    package static let tiers = [
        TierDefaults(name: "default", order: 1_000_000, defaultAction: "Deny"),
        TierDefaults(name: "kube-admin", order: 1_000, defaultAction: "Pass"),
        TierDefaults(name: "kube-baseline", order: 10_000_000, defaultAction: "Pass"),
    ]

    package static let clusterInformationKey = ResourceKey(.clusterInformation, name: "default")

    package static func tierKey(_ name: String) -> ResourceKey { ResourceKey(.tier, name: name) }

    package static func tier(_ tier: TierDefaults, identity: ObjectIdentity) -> Resource {
        Resource.build(
            key: tierKey(tier.name), existing: nil, identity: identity, labels: [:],
            annotations: [:],
            spec: JSONObject(uncheckedMembers: [
                ("order", .number(JSONNumber(tier.order))),
                ("defaultAction", .string(tier.defaultAction)),
            ]))
    }

    /// Returns the ClusterInformation. Felix does not start without it.
    ///
    /// - Parameter clusterGUID: 32 hex digits, new for every installation.
    package static func clusterInformation(
        clusterGUID: String, identity: ObjectIdentity
    ) -> Resource {
        Resource.build(
            key: clusterInformationKey, existing: nil, identity: identity, labels: [:],
            annotations: [:],
            spec: JSONObject(uncheckedMembers: [
                ("clusterGUID", .string(clusterGUID)),
                ("clusterType", .string("openstack")),
                ("datastoreReady", true),
            ]))
    }
}

/// Finds the networks that a stored network set or a stored policy names.
package enum NamedNetworks {
    /// Returns the networks in `spec.nets` and in the `nets` and `notNets` of both sides of every rule. Leaves out
    /// strings that are not CIDRs.
    package static func of(_ document: JSONValue?) -> Set<CIDR> {
        guard let spec = document?["spec"] else { return [] }
        var networks: Set<CIDR> = []
        func add(_ list: JSONValue?) {
            for element in list?.arrayValue ?? [] {
                guard let text = element.stringValue, let cidr = try? CIDR(parsing: text) else {
                    continue
                }
                networks.insert(cidr)
            }
        }
        add(spec["nets"])
        for direction in ["ingress", "egress"] {
            for rule in spec[direction]?.arrayValue ?? [] {
                for side in ["source", "destination"] {
                    add(rule[side]?["nets"])
                    add(rule[side]?["notNets"])
                }
            }
        }
        return networks
    }
}
