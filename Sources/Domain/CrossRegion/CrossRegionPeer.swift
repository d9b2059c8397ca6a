import Documents

/// One end of a rule: the sender or the receiver. An object matches the peer if the object satisfies every condition
/// that is set.
package struct CrossRegionPeer: Sendable, Equatable {
    /// The pointer of the peer in the client's document: `/spec/allow/0/from`.
    package var pointer: String
    /// True if the peer matches anyone. No other condition is then set.
    package var isAny = false
    /// The regions of the VMs. A VM must be in one of these regions. An empty list allows any region.
    package var regions: [Located<String>] = []
    /// The ids of security groups. A VM must be a member of at least one of these groups.
    package var securityGroups: [Located<String>] = []
    /// The name of a security group. The peer matches the members of every group with this name.
    package var securityGroupName: Located<OpenStackName>?
    /// The id of the VMs' project.
    package var project: Located<String>?
    /// The name of a project. The peer matches the VMs of every project with this name.
    package var projectName: Located<OpenStackName>?
    /// The name of a network. The peer matches the VMs in every network with this name. A network's id cannot be used,
    /// because endpoints have no label for the id.
    package var network: Located<OpenStackName>?
    /// The registered subnet that contains the addresses.
    package var subnet: Located<SubnetID>?
    /// The networks of the addresses. An address must be in at least one of them. An empty list allows any address.
    package var nets: [CIDR] = []
    /// The excluded networks. An address must be outside all of them.
    package var notNets: [CIDR] = []
    /// The required labels, sorted by key. An object of any kind matches if the object has all these labels.
    package var labels: [Located<LabelPair>] = []
    /// A Calico selector. An object of any kind matches if its labels satisfy the selector.
    package var selector: Located<Selector>?

    package init(pointer: String) { self.pointer = pointer }
}

/// A value and its pointer in the client's document.
package struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    package var value: Value
    /// The RFC 6901 pointer.
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

/// The name of an OpenStack object, and the form of that name in an endpoint's labels (networking-calico
/// `datamodel_v3.sanitize_label_name_value`).
package struct OpenStackName: Sendable, Hashable {
    package let name: String
    /// The form of the name in a label. The name is cut to the maximum length, `_` replaces each character that a label
    /// cannot have, and both ends are trimmed to a letter or digit. If nothing is left of a group's name, OpenStack's
    /// driver writes no label for the name.
    package let label: String
    /// True if the label holds only the start of the name.
    package let isCut: Bool

    /// The maximum length for names of projects and networks (`SANITIZE_LABEL_MAX_LENGTH` in networking-calico).
    package static let maximumLength = 63
    /// The maximum length for names of security groups (`SG_NAME_MAX_LENGTH` in networking-calico). The key of a
    /// group's label is `sg-name.projectcalico.org/openstack-` followed by the name.
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
    /// Reads a list of networks, in the order of the document. Reports invalid networks and leaves them out.
    fileprivate mutating func networks(_ field: String, isExcluding: Bool = false) -> [CIDR] {
        guard let elements = elements(field) else { return [] }
        if elements.isEmpty {
            add(place(field), .crossRegionEmptyList, "is empty; leave it out to match any address")
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
        // Reports repetitions only if every element is valid. An invalid element has no network, so the networks after
        // it have other positions in `networks` than in `elements`.
        var seen: Set<CIDR> = []
        for (network, element) in zip(networks, elements)
        where networks.count == elements.count && !seen.insert(network).inserted {
            add(element.pointer, .crossRegionRepeated, "is in the list already")
        }
        return networks
    }

    /// Reads the labels that a peer requires. Returns them sorted by key.
    fileprivate mutating func labels() -> [Located<LabelPair>] {
        guard let value = member("labels") else { return [] }
        guard let members = value.objectValue else {
            addType(of: value, at: place("labels"), "an object")
            return []
        }
        if members.isEmpty {
            add(
                place("labels"), .crossRegionEmptyList, "is empty; leave it out to match any labels"
            )
        }
        var pairs: [Located<LabelPair>] = []
        for (key, value) in members {
            let pointer = JSONPointer.append(place("labels"), key)
            if let message = LabelText.keyFormProblem(key) { add(pointer, .labelKey, message) }
            if key.hasPrefix("sg.projectcalico.org/") || key.hasPrefix("sg-name.projectcalico.org/")
            {
                add(
                    pointer, .crossRegionGroupLabel,
                    "use securityGroup or securityGroupName for a security group: the values of"
                        + " these labels are misleading")
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
    /// Returns true if the bytes of `other` occur in this view.
    fileprivate func contains(_ other: String) -> Bool {
        let wanted = Array(other.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
