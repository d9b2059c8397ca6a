/// The Calico v3 kinds that this server reads or writes. The raw value is the value of the member `kind`.
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

    /// True if the key has a namespace element before the name.
    package var isNamespaced: Bool {
        switch self {
        case .networkPolicy, .networkSet, .workloadEndpoint: true
        case .globalNetworkPolicy, .globalNetworkSet, .tier, .clusterInformation: false
        }
    }

    /// True if objects of this kind are policies, which have a tier and rules.
    package var isPolicy: Bool {
        self == .globalNetworkPolicy || self == .networkPolicy
    }
}

/// The key of a Calico v3 resource in etcd (libcalico-go/lib/backend/model/resource.go:
/// `/calico/resources/v3/projectcalico.org/<plural>/[<namespace>/]<name>`).
package struct ResourceKey: Hashable, Sendable {
    /// The prefix of the keys of all v3 resources, with the final slash.
    package static let root = "/calico/resources/v3/projectcalico.org/"

    package let kind: ResourceKind
    /// The namespace; nil if and only if the kind is not namespaced.
    package let namespace: String?
    package let name: String
    /// The whole etcd key. The key is stored here and not built on each use, because nearly every caller uses it
    /// several times.
    package let path: String

    package init(_ kind: ResourceKind, namespace: String? = nil, name: String) {
        var path = Self.prefix(kind)
        if let namespace {
            path += namespace
            path += "/"
        }
        path += name
        self.init(kind, namespace: namespace, name: name, path: path)
    }

    private init(_ kind: ResourceKind, namespace: String?, name: String, path: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.path = path
    }

    /// Returns the prefix of the keys of all objects of `kind`, with the final slash.
    package static func prefix(_ kind: ResourceKind) -> String { prefixes[kind] ?? "" }

    private static let prefixes = Dictionary(
        uniqueKeysWithValues: ResourceKind.allCases.map { ($0, root + $0.plural + "/") })

    /// Returns the prefix of the keys of all objects of `kind` in `namespace`, with the final slash. The kind must be
    /// namespaced.
    package static func prefix(_ kind: ResourceKind, namespace: String) -> String {
        root + kind.plural + "/" + namespace + "/"
    }

    /// Reads the key `path`. Returns nil if the key is not a key of a v3 resource or is not ASCII. Every legal name
    /// is ASCII.
    package init?(path: String) {
        var bytes = path
        guard let (kind, namespace, name) = bytes.withUTF8({ Self.read($0) }) else { return nil }
        self.init(kind, namespace: namespace, name: name, path: path)
    }

    private static let rootBytes = Array(root.utf8)
    private static let plurals = ResourceKind.allCases.map { ($0, Array($0.plural.utf8)) }

    /// Reads a key byte by byte, which is faster than reading its characters. The write path reads each key several
    /// times.
    private static func read(
        _ path: UnsafeBufferPointer<UInt8>
    ) -> (ResourceKind, namespace: String?, name: String)? {
        guard path.starts(with: rootBytes), path.allSatisfy({ $0 < 0x80 }) else { return nil }
        let parts = path.dropFirst(rootBytes.count)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = parts.first,
            let kind = plurals.first(where: { $1.elementsEqual(first) })?.0,
            parts.count == (kind.isNamespaced ? 3 : 2), parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        func text(_ part: Slice<UnsafeBufferPointer<UInt8>>) -> String {
            String(decoding: UnsafeBufferPointer(rebasing: part), as: UTF8.self)
        }
        return (kind, kind.isNamespaced ? text(parts[1]) : nil, text(parts[parts.count - 1]))
    }
}
