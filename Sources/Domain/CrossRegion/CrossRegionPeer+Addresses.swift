import Documents

extension CrossRegionPeer {
    mutating func readAddresses(_ reader: inout ObjectReader) {
        nets = reader.networks("nets")
        notNets = reader.networks("notNets", isExcluding: true)
        guard let text = reader.string("subnet") else { return }
        guard let reference = SubnetReference(written: text.value) else {
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
                "is a subnet of region \(reference.region), which the peer leaves out: nothing could"
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
    /// Networks in the order written; those that cannot be read are left out.
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

    /// Labels that something has to carry, in the order of their keys.
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
    /// Whether the bytes of `other` occur in these.
    fileprivate func contains(_ other: String) -> Bool {
        let wanted = Array(other.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
