package import Documents
package import Domain

/// The Calico namespace of a region. The region's Neutron server writes the objects of the region into this namespace
/// (networking-calico `datamodel_v3.get_namespace`).
package enum RegionNamespace {
    package static let prefix = "openstack-region-"
    /// The namespace of a site without a region name. A full resync of a named region deletes the endpoints and
    /// security group policies in this namespace.
    package static let legacy = "openstack"

    package static func of(region: String) -> String { prefix + region }

    /// Returns the region of `namespace`; nil if the namespace does not belong to a region.
    package static func region(of namespace: String) -> String? {
        namespace.hasPrefix(prefix) ? String(namespace.dropFirst(prefix.count)) : nil
    }
}

/// The GlobalNetworkSets that represent regions and subnets.
package enum InventoryKey: Hashable, Sendable {
    case region(String)
    case subnet(region: String, name: String)

    /// The label for the region's name. The network set of a region and the network sets of its subnets have this
    /// label, so the selector `policyserver/region == "xyz-west"` matches all network sets of a region.
    package static let regionLabel = "policyserver/region"
    package static let subnetLabel = "policyserver/subnet"
    static let displayNameAnnotation = "policyserver/display-name"
    static let descriptionAnnotation = "policyserver/description"

    /// The key of the network set: `region.<region>` or `subnet.<region>.<name>`.
    package var resourceKey: ResourceKey {
        switch self {
        case .region(let region): ResourceKey(.globalNetworkSet, name: "region." + region)
        case .subnet(let region, let name):
            ResourceKey(.globalNetworkSet, name: "subnet." + region + "." + name)
        }
    }

    /// Two prefixes of etcd keys: the prefix of all regions, and the prefix of all subnets.
    package static let prefixes = names.map { ResourceKey.prefix(.globalNetworkSet) + $0 }

    private static let names = ["region.", "subnet."]

    /// Reads the region or subnet from the etcd key `path`. Returns nil for any other key.
    package init?(path: String) {
        guard Self.prefixes.contains(where: path.hasPrefix), let key = ResourceKey(path: path)
        else { return nil }
        self.init(key)
    }

    /// Reads the region or subnet from the key of a network set. Returns nil for a network set that does not represent
    /// a region or subnet. Names of regions and subnets have no dots, so the parts are unambiguous.
    package init?(_ key: ResourceKey) {
        guard key.kind == .globalNetworkSet, Self.names.contains(where: key.name.hasPrefix) else {
            return nil
        }
        let parts = key.name.split(separator: ".", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("region", 2) where !parts[1].isEmpty: self = .region(String(parts[1]))
        case ("subnet", 3) where !parts[1].isEmpty && !parts[2].isEmpty:
            self = .subnet(region: String(parts[1]), name: String(parts[2]))
        default: return nil
        }
    }
}

/// Converts regions and subnets to GlobalNetworkSets, and back.
package enum InventoryResource {
    /// Returns the network set for `region`. Keeps the annotations and fields that other tools wrote to `existing`, but
    /// not the labels that other tools wrote.
    package static func build(
        _ region: Region, existing: Resource?, identity: ObjectIdentity
    ) -> Resource {
        build(
            .region(region.name), nets: region.addressBlocks, labels: region.labels,
            displayName: region.displayName, description: region.description, existing: existing,
            identity: identity)
    }

    /// Returns the network set for `subnet`. Keeps the annotations and fields that other tools wrote to `existing`, but
    /// not the labels that other tools wrote.
    package static func build(
        _ subnet: Subnet, existing: Resource?, identity: ObjectIdentity
    ) -> Resource {
        build(
            .subnet(region: subnet.region, name: subnet.name), nets: [subnet.cidr],
            labels: subnet.labels, displayName: subnet.displayName,
            description: subnet.description, existing: existing, identity: identity)
    }

    private static func build(
        _ key: InventoryKey, nets: [CIDR], labels: [String: String], displayName: String?,
        description: String?, existing: Resource?, identity: ObjectIdentity
    ) -> Resource {
        var labels = labels
        switch key {
        case .region(let region): labels[InventoryKey.regionLabel] = region
        case .subnet(let region, let name):
            labels[InventoryKey.regionLabel] = region
            labels[InventoryKey.subnetLabel] = name
        }
        var annotations = existing?.annotations ?? [:]
        annotations[InventoryKey.displayNameAnnotation] = displayName
        annotations[InventoryKey.descriptionAnnotation] = description
        var spec = existing?.spec ?? JSONObject()
        spec["nets"] = nets.isEmpty ? nil : .array(nets.map { .string($0.description) })
        return Resource.build(
            key: key.resourceKey, existing: existing, identity: identity, labels: labels,
            annotations: annotations, spec: spec)
    }

    /// Returns the region that a stored network set represents. Leaves out address blocks that another tool has made
    /// invalid.
    package static func region(_ name: String, _ resource: Resource) -> Region {
        let annotations = resource.annotations
        return Region(
            name: name, displayName: annotations[InventoryKey.displayNameAnnotation],
            description: annotations[InventoryKey.descriptionAnnotation],
            addressBlocks: nets(resource), labels: userLabels(resource))
    }

    /// Returns the subnet that a stored network set represents; nil if another tool has removed the network from the
    /// network set.
    package static func subnet(_ name: String, region: String, _ resource: Resource) -> Subnet? {
        guard let cidr = nets(resource).first else { return nil }
        let annotations = resource.annotations
        return Subnet(
            region: region, name: name, cidr: cidr,
            displayName: annotations[InventoryKey.displayNameAnnotation],
            description: annotations[InventoryKey.descriptionAnnotation],
            labels: userLabels(resource))
    }

    /// Returns the valid CIDRs of a stored network set, in the stored order.
    package static func nets(_ resource: Resource) -> [CIDR] {
        (resource.spec["nets"]?.arrayValue ?? []).compactMap { value in
            value.stringValue.flatMap { try? CIDR(parsing: $0) }
        }
    }

    /// Returns the valid CIDRs in the stored bytes of a network set. Returns an empty list if the bytes are not a
    /// resource.
    package static func nets(bytes: [UInt8]) -> [CIDR] {
        Resource(key: ResourceKey(.globalNetworkSet, name: ""), bytes: bytes).map(nets) ?? []
    }

    private static func userLabels(_ resource: Resource) -> [String: String] {
        resource.labels.filter { !$0.key.hasPrefix("policyserver/") }
    }
}

extension InventoryResource {
    /// Returns the representation of the region in the API.
    package static func representation(
        ofRegion name: String, _ resource: Resource, revision: Int64
    ) -> JSONValue? {
        let region = region(name, resource)
        var object = JSONObject()
        object["kind"] = "Region"
        object["name"] = .string(name)
        object["displayName"] = region.displayName.map(JSONValue.string)
        object["description"] = region.description.map(JSONValue.string)
        object["addressBlocks"] = .array(region.addressBlocks.map { .string($0.description) })
        object["labels"] = labels(region.labels)
        object["namespace"] = .string(RegionNamespace.of(region: name))
        add(resource, revision, to: &object)
        return .object(object)
    }

    /// Returns the representation of the subnet in the API; nil if another tool has removed the network from the
    /// subnet's network set.
    package static func representation(
        ofSubnet name: String, region: String, _ resource: Resource, revision: Int64
    ) -> JSONValue? {
        guard let subnet = subnet(name, region: region, resource) else { return nil }
        var object = JSONObject()
        object["kind"] = "Subnet"
        object["region"] = .string(region)
        object["name"] = .string(name)
        object["cidr"] = .string(subnet.cidr.description)
        object["displayName"] = subnet.displayName.map(JSONValue.string)
        object["description"] = subnet.description.map(JSONValue.string)
        object["labels"] = labels(subnet.labels)
        add(resource, revision, to: &object)
        return .object(object)
    }

    private static func labels(_ labels: [String: String]) -> JSONValue {
        Resource.document(of: labels) ?? .object(JSONObject())
    }

    private static func add(_ resource: Resource, _ revision: Int64, to object: inout JSONObject) {
        object["revision"] = .number(JSONNumber(revision))
        object["createdAt"] = resource.creationTimestamp.map(JSONValue.string)
        object["uid"] = resource.uid.map(JSONValue.string)
    }
}
