package import Documents

/// An OpenStack region that shares the etcd.
package struct Region: Sendable, Equatable {
    /// See `RegionName`.
    package var name: String
    /// 1–255 characters.
    package var displayName: String?
    /// 1–4096 characters.
    package var description: String?
    /// The networks its subnets must lie in, 0–64; a region without any may use every network that
    /// no other region has.
    package var addressBlocks: [CIDR]
    package var labels: [String: String]

    package init(
        name: String, displayName: String? = nil, description: String? = nil,
        addressBlocks: [CIDR] = [], labels: [String: String] = [:]
    ) {
        self.name = name
        self.displayName = displayName
        self.description = description
        self.addressBlocks = addressBlocks
        self.labels = labels
    }
}

extension Region {
    package static let maximumBlocks = 64

    /// The region that a client's document describes under the name of its path.
    package static func decode(_ document: JSONValue, name: String) -> Decoded<Region> {
        var reader = FlatReader(document, kind: "Region", name: name)
        reader.check(RegionName.violation(name))
        let region = Region(
            name: name, displayName: reader.displayName(), description: reader.description(),
            addressBlocks: reader.blocks("addressBlocks", limit: maximumBlocks),
            labels: reader.labels())
        return reader.finish(region, hasNamespace: true)
    }
}
