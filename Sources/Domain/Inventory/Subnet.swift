package import Documents

/// A network that a region uses. No two subnets share an address, even in different regions.
package struct Subnet: Sendable, Equatable {
    package var region: String
    /// The name, an RFC 1123 label.
    package var name: String
    package var cidr: CIDR
    /// The display name, 1–255 characters.
    package var displayName: String?
    /// The description, 1–4096 characters.
    package var description: String?
    package var labels: [String: String]

    package init(
        region: String, name: String, cidr: CIDR, displayName: String? = nil,
        description: String? = nil, labels: [String: String] = [:]
    ) {
        self.region = region
        self.name = name
        self.cidr = cidr
        self.displayName = displayName
        self.description = description
        self.labels = labels
    }
}

/// The identity of a subnet: its name and the name of its region.
package struct SubnetID: Sendable, Hashable {
    package var region: String
    package var name: String

    package init(region: String, name: String) {
        self.region = region
        self.name = name
    }

    /// Reads `region/name`. Returns nil for any other text.
    package init?(written text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, RegionName.isLegal(parts[0]), DNSLabel.isLegal(parts[1]) else {
            return nil
        }
        self.init(region: parts[0], name: parts[1])
    }
}

extension SubnetID: CustomStringConvertible {
    /// The form in documents: `xyz-east/web-1`.
    package var description: String { region + "/" + name }
}

extension Subnet {
    /// Reads the subnet in a client's document. The `region` and the `name` come from the request's path.
    package static func decode(
        _ document: JSONValue, region: String, name: String
    ) -> DocumentReading<Subnet> {
        var reader = InventoryReader(document, kind: "Subnet", name: name)
        reader.check(nameViolation(name))
        reader.expect("region", region, rule: .regionMismatch)
        let cidr = reader.block("cidr")
        let displayName = reader.displayName()
        let description = reader.description()
        let labels = reader.labels()
        let subnet = cidr.map {
            Subnet(
                region: region, name: name, cidr: $0, displayName: displayName,
                description: description, labels: labels)
        }
        return reader.finish(subnet)
    }

    static func nameViolation(_ name: String) -> Violation? {
        guard !DNSLabel.isLegal(name) else { return nil }
        return Violation(
            pointer: "/name", rule: .subnetName,
            message: "a subnet name has 1 to 63 lower-case letters, digits and '-', with a letter "
                + "or digit at both ends")
    }
}

/// A request for the first free network of the given size in a region's address blocks.
package struct SubnetAllocation: Sendable, Equatable {
    package var name: String
    package var family: IPFamily
    /// The prefix length, 1–32 for IPv4 and 1–128 for IPv6.
    package var prefixLength: Int
    /// The network in which to search; nil means all address blocks of the region.
    package var within: CIDR?
    package var displayName: String?
    package var description: String?
    package var labels: [String: String]

    /// Returns the requested subnet, with `cidr` as its network.
    package func subnet(region: String, cidr: CIDR) -> Subnet {
        Subnet(
            region: region, name: name, cidr: cidr, displayName: displayName,
            description: description, labels: labels)
    }

    package static func decode(_ document: JSONValue) -> DocumentReading<SubnetAllocation> {
        var reader = InventoryReader(document, kind: "Subnet", name: nil)
        let name = reader.requiredString("name")
        if let name { reader.check(Subnet.nameViolation(name)) }
        let within = reader.optionalBlock("within")
        let version = reader.integer("ipVersion", in: 4...6, isAlso: { $0 != 5 }, "4 or 6")
        let family = version.map { $0 == 6 ? IPFamily.ipv6 : .ipv4 } ?? within?.family ?? .ipv4
        if let within, within.family != family {
            reader.add(
                "/ipVersion", .allocationFamily,
                "does not match within: \(within) is an \(within.family) network")
        }
        let range = 1...Int64(family.bitWidth)
        let length = reader.integer(
            "prefixLength", in: range, "1 to \(family.bitWidth)", isRequired: true)
        let displayName = reader.displayName()
        let description = reader.description()
        let labels = reader.labels()
        guard let name, let length else { return reader.finish(nil) }
        return reader.finish(
            SubnetAllocation(
                name: name, family: family, prefixLength: Int(length), within: within,
                displayName: displayName, description: description, labels: labels))
    }
}
