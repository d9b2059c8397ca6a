import Documents

/// One end of a rule: what all of its fields say together.
package struct CrossRegionPeer: Sendable, Equatable {
    /// Its pointer in the client's document: `/spec/allow/0/from`.
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
    package var subnet: Located<SubnetID>?
    /// Addresses in one of these networks.
    package var nets: [CIDR] = []
    /// Addresses in none of these networks.
    package var notNets: [CIDR] = []
    /// Everything with all of these labels, in the order of their keys.
    package var labels: [Located<LabelPair>] = []
    /// Everything that a Calico selector picks.
    package var selector: Located<Selector>?

    package init(pointer: String) { self.pointer = pointer }
}

/// A value and its pointer in the client's document.
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

/// The name of an OpenStack object, and what the driver makes of it in an endpoint's labels
/// (networking-calico `datamodel_v3.sanitize_label_name_value`).
package struct OpenStackName: Sendable, Hashable {
    package let name: String
    /// The name cut to its limit, with `_` for characters that a label cannot have, and trimmed to a letter or digit
    /// at both ends. May be empty; then the driver writes no label for a group's name.
    package let label: String
    /// True if the label holds only the start of the name.
    package let isCut: Bool

    /// The limit for names of projects and networks; `SANITIZE_LABEL_MAX_LENGTH` there.
    package static let maximumLength = 63
    /// The limit for names of security groups, which are part of a label's key after
    /// `sg-name.projectcalico.org/openstack-`; `SG_NAME_MAX_LENGTH` there.
    package static let maximumGroupLength = 27

    package init(_ name: String, maximumLength: Int) {
        self.name = name
        isCut = name.unicodeScalars.count > maximumLength
        let bytes = name.unicodeScalars.prefix(maximumLength).map { scalar in
            LabelText.isNameScalar(scalar) ? UInt8(scalar.value) : UInt8(ascii: "_")
        }
        if let first = bytes.firstIndex(where: LabelText.isAlphanumeric),
            let last = bytes.lastIndex(where: LabelText.isAlphanumeric)
        {
            label = String(decoding: bytes[first...last], as: UTF8.self)
        } else {
            label = ""
        }
    }
}

extension CrossRegionPeer {
    mutating func readAddresses(_ reader: inout ObjectReader) {
        nets = reader.networks("nets")
        notNets = reader.networks("notNets", isExcluding: true)
        guard let text = reader.string("subnet") else { return }
        guard let reference = SubnetID(written: text.value) else {
            reader.add(
                text.pointer, .crossRegionSubnet,
                "expected a registered subnet as region/name, such as xyz-east/web-1, found"
                    + " \"\(text.value.prefix(128))\"")
            return
        }
        subnet = Located(reference, at: text.pointer)
        if !regions.isEmpty, !regions.contains(where: { $0.value == reference.region }) {
            reader.add(
                text.pointer, .crossRegionSubnetRegion,
                "is a subnet of region \(reference.region), which the peer does not list: nothing could"
                    + " match")
        }
    }

    mutating func readLabels(_ reader: inout ObjectReader) {
        labels = reader.labels()
        guard let text = reader.string("selector") else { return }
        do {
            selector = Located(try Selector(parsing: text.value), at: text.pointer)
        } catch {
            reader.add(text.pointer, .crossRegionSelector, error.description)
        }
        if text.value.allSatisfy({ $0 == " " || $0 == "\t" }) {
            reader.add(
                text.pointer, .crossRegionSelector,
                "is empty and would match everything; write all() if that is meant")
        } else if text.value.utf8.contains("global()") {
            reader.add(
                text.pointer, .crossRegionSelector,
                "global() has a meaning only in Calico's namespaceSelector")
        }
    }
}

extension ObjectReader {
    /// Reads networks in the order written; leaves out those that cannot be read.
    fileprivate mutating func networks(_ field: String, isExcluding: Bool = false) -> [CIDR] {
        guard let elements = elements(field) else { return [] }
        if elements.isEmpty {
            add(place(field), .crossRegionEmptyList, "is empty; leave it out for any address")
        }
        var networks: [CIDR] = []
        for element in elements {
            guard let text = string(element.value, at: element.pointer) else { continue }
            do {
                let network = try CIDR(parsing: text.value)
                if isExcluding, network.prefixLength == 0 {
                    add(
                        text.pointer, .crossRegionNetExcludesAll,
                        "excludes every \(network.family) address; name the networks to exclude")
                }
                networks.append(network)
            } catch {
                add(text.pointer, error.rule, error.message(for: text.value))
            }
        }
        var seen: Set<CIDR> = []
        for (network, element) in zip(networks, elements)
        where networks.count == elements.count && !seen.insert(network).inserted {
            add(element.pointer, .crossRegionRepeated, "is in the list already")
        }
        return networks
    }

    /// Reads the labels that a peer must have, in the order of their keys.
    fileprivate mutating func labels() -> [Located<LabelPair>] {
        guard let value = member("labels") else { return [] }
        guard let members = value.objectValue else {
            addType(of: value, at: place("labels"), "an object")
            return []
        }
        if members.isEmpty {
            add(place("labels"), .crossRegionEmptyList, "is empty; leave it out for any labels")
        }
        var pairs: [Located<LabelPair>] = []
        for (key, value) in members {
            let pointer = JSONPointer.append(place("labels"), key)
            if let message = LabelText.keyFormProblem(key) { add(pointer, .labelKey, message) }
            if key.hasPrefix("sg.projectcalico.org/") || key.hasPrefix("sg-name.projectcalico.org/")
            {
                add(
                    pointer, .crossRegionGroupLabel,
                    "name a security group with securityGroup or securityGroupName: the values of"
                        + " these labels are not what they seem")
            }
            guard let text = string(value, at: pointer) else { continue }
            if let message = LabelText.valueProblem(text.value) {
                add(pointer, .labelValue, message)
            }
            pairs.append(Located(LabelPair(key: key, value: text.value), at: pointer))
        }
        return pairs.sorted { $0.value.key < $1.value.key }
    }
}

extension String.UTF8View {
    /// Returns true if the bytes of `other` occur in these.
    fileprivate func contains(_ other: String) -> Bool {
        let wanted = Array(other.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
