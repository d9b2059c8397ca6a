/// One end of a rule: what all of its fields say together.
package struct CrossRegionPeer: Sendable, Equatable {
    /// Where it stands in the client's document: `/spec/allow/0/from`.
    package var pointer: String
    /// Anyone; the other fields are empty then.
    package var isAny = false
    /// VMs of any of these regions.
    package var regions: [Located<String>] = []
    /// VMs in any of these security groups, by id.
    package var securityGroups: [Located<String>] = []
    /// VMs in any security group of this name.
    package var securityGroupName: Located<OpenStackName>?
    /// VMs of this project, by id.
    package var project: Located<String>?
    /// VMs of any project of this name.
    package var projectName: Located<OpenStackName>?
    /// VMs in any network of this name: endpoints have no label for a network's id.
    package var network: Located<OpenStackName>?
    /// Addresses of this registered subnet.
    package var subnet: Located<SubnetReference>?
    /// Addresses in one of these networks.
    package var nets: [CIDR] = []
    /// Addresses in none of these networks.
    package var notNets: [CIDR] = []
    /// What carries all of these labels, in the order of their keys.
    package var labels: [Located<LabelPair>] = []
    /// What a Calico selector picks.
    package var selector: Located<Selector>?

    package init(pointer: String) { self.pointer = pointer }
}

/// A value and where it stands in the client's document.
package struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    package var value: Value
    /// RFC 6901.
    package var pointer: String

    package init(_ value: Value, at pointer: String) {
        self.value = value
        self.pointer = pointer
    }
}

package struct LabelPair: Sendable, Hashable {
    package var key: String
    package var value: String
}

/// The name of a subnet together with its region's.
package struct SubnetReference: Sendable, Hashable {
    package var region: String
    package var name: String

    package init(region: String, name: String) {
        self.region = region
        self.name = name
    }

    /// Reads `region/name`; nil for anything else.
    package init?(written text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, RegionName.isLegal(parts[0]), DNSLabel.isLegal(parts[1]) else {
            return nil
        }
        self.init(region: parts[0], name: parts[1])
    }
}

extension SubnetReference: CustomStringConvertible {
    /// As documents write it: `xyz-east/web-1`.
    package var description: String { region + "/" + name }
}
