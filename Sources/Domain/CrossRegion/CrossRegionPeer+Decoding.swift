import Documents

extension CrossRegionPeer {
    /// True if the peer names VMs, and not only addresses. A peer with a subnet names the VMs of the subnet's region.
    var namesVMs: Bool { isAny || namesLabels || subnet != nil }

    /// True if a field refers to labels of endpoints.
    package var namesLabels: Bool {
        !regions.isEmpty || !securityGroups.isEmpty || securityGroupName != nil || project != nil
            || projectName != nil || network != nil || !labels.isEmpty || selector != nil
    }

    /// Reads the peer. Returns a nil peer if there is any violation.
    static func decode(
        _ value: JSONValue, at pointer: String
    ) -> (peer: CrossRegionPeer?, violations: ViolationList) {
        var reader = ObjectReader(value, at: pointer)
        var peer = CrossRegionPeer(pointer: pointer)
        peer.readVMs(&reader)
        peer.readAddresses(&reader)
        peer.readLabels(&reader)
        peer.readAny(&reader, isEmpty: value.objectValue?.isEmpty ?? false)
        reader.finish()
        return (reader.violations.isEmpty ? peer : nil, reader.violations)
    }

    private mutating func readVMs(_ reader: inout ObjectReader) {
        regions = reader.several("region", "regions") { RegionName.violation($0) }
        securityGroups = reader.several("securityGroup", "securityGroups") { id in
            guard !Self.isUUID(id) else { return nil }
            let message = "expected the group's id, such as a7734e61-b545-452d-a3cd-0189cbd9747a"
            let isUpperCase = Self.isUUID(id.lowercased())
            return Violation(
                pointer: "", rule: .crossRegionGroupID,
                message: isUpperCase
                    ? "write \(id.lowercased())"
                    : "\(message), found \"\(id.prefix(64))\"; for a name use securityGroupName")
        }
        securityGroupName = reader.name(
            "securityGroupName", maximumLength: OpenStackName.maximumGroupLength)
        projectName = reader.name("projectName", maximumLength: OpenStackName.maximumLength)
        network = reader.name("network", maximumLength: OpenStackName.maximumLength)
        project = reader.string("project")
        if let project, project.value.isEmpty || LabelText.valueProblem(project.value) != nil {
            reader.add(
                project.pointer, .crossRegionProjectID,
                "expected the project's id, found \"\(project.value.prefix(64))\"; for a name use"
                    + " projectName")
        }
    }

    private mutating func readAny(_ reader: inout ObjectReader, isEmpty: Bool) {
        if isEmpty {
            reader.add(
                pointer, .crossRegionPeerEmpty, "is empty; to mean anyone, write any: true")
        }
        guard let value = reader.member("any") else { return }
        isAny = true
        if value != true {
            reader.add(
                reader.place("any"), .crossRegionAny, "must be true or left out")
        }
        let others = namesLabels || subnet != nil || !nets.isEmpty || !notNets.isEmpty
        if others {
            reader.add(
                reader.place("any"), .crossRegionAny,
                "any: true cannot be combined with other fields; to use other fields, remove 'any'"
            )
        }
    }

    /// Returns true if the text is a UUID in Neutron's form: 8-4-4-4-12 hexadecimal digits in lower case.
    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index)
                ? byte == UInt8(ascii: "-") : "0123456789abcdef".utf8.contains(byte)
        }
    }
}

extension ObjectReader {
    /// Reads a field that has a singular name for one value and a plural name for several values.
    ///
    /// - Parameter problem: returns the violation of a value; nil if the value is valid. The reader replaces the
    ///   violation's pointer with the pointer of the value.
    fileprivate mutating func several(
        _ singular: String, _ plural: String, _ problem: (String) -> Violation?
    ) -> [Located<String>] {
        var values = string(singular).map { [$0] } ?? []
        if let elements = elements(plural) {
            if member(singular) != nil {
                add(
                    place(singular), .crossRegionBothForms,
                    "write \(singular) or \(plural), not both")
            }
            if elements.isEmpty {
                add(
                    place(plural), .crossRegionEmptyList,
                    "is empty; leave it out to match everything")
            }
            values += elements.compactMap { string($0.value, at: $0.pointer) }
        }
        var seen: Set<String> = []
        for value in values {
            if let violation = problem(value.value) {
                add(value.pointer, violation.rule, violation.message)
            } else if !seen.insert(value.value).inserted {
                add(value.pointer, .crossRegionRepeated, "is in the list already")
            }
        }
        return values
    }

    /// Reads the name of an OpenStack object. Reports the name if an endpoint's label would keep no character of the
    /// name.
    fileprivate mutating func name(
        _ field: String, maximumLength: Int
    ) -> Located<OpenStackName>? {
        guard let text = string(field) else { return nil }
        let name = OpenStackName(text.value, maximumLength: maximumLength)
        if name.label.isEmpty {
            add(
                text.pointer, .crossRegionOpenStackName,
                "no label can hold this name: a label keeps only the letters, digits, '-', '_' and '.' in the"
                    + " first \(maximumLength) characters of a name; use the object's id, or rename the object"
            )
        }
        return Located(name, at: text.pointer)
    }
}
