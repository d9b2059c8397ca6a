package import Documents

extension CrossRegionPolicy {
    /// Reads the policy in a client's document. The `name` comes from the request's path. The returned policy contains
    /// only the rules without violations, so warnings about the policy concern only these rules.
    package static func decode(_ document: JSONValue, name: String) -> DocumentReading<
        CrossRegionPolicy
    > {
        var reader = ObjectReader(document, at: "")
        envelope(&reader)
        if let message = nameProblem(name) {
            reader.add("/metadata/name", .crossRegionName, message)
        }
        let metadata = reader.required("metadata").map {
            CrossRegionMetadata($0, name: name, violations: &reader)
        }
        let spec = reader.required("spec").map { Spec($0, violations: &reader) }
        for field in shownFields { reader.ignore(field) }
        reader.finish()
        var decoded = DocumentReading<CrossRegionPolicy>(
            value: nil, violations: reader.violations,
            readOnly: metadata?.readOnly ?? ReadOnlyFields())
        decoded.readOnly.source = document["source"].map { Located($0, at: sourcePointer) }
        guard let spec, !spec.deny.isEmpty || !spec.allow.isEmpty else { return decoded }
        let labels = metadata?.labels ?? [:]
        decoded.value = CrossRegionPolicy(
            name: name, labels: labels, description: spec.description, order: spec.order,
            deny: spec.deny, allow: spec.allow,
            source: source(name: name, labels: labels, spec: document["spec"]))
        return decoded
    }

    private static func envelope(_ reader: inout ObjectReader) {
        if let found = reader.required("kind").flatMap({ reader.string($0, at: "/kind") }),
            found.value != kind
        {
            reader.add("/kind", .kindMismatch, "expected \"\(kind)\", found \"\(found.value)\"")
        }
        if let found = reader.string("apiVersion"), found.value != apiVersion {
            reader.add(
                "/apiVersion", .crossRegionAPIVersion,
                "expected \"\(apiVersion)\" or nothing, found \"\(found.value)\"")
        }
    }

    private static func source(
        name: String, labels: [String: String], spec: JSONValue?
    ) -> JSONValue {
        var metadata = JSONObject()
        metadata["name"] = .string(name)
        if !labels.isEmpty {
            let members = labels.sorted { $0.key < $1.key }.map {
                (key: $0.key, value: JSONValue.string($0.value))
            }
            metadata["labels"] = .object(JSONObject(uncheckedMembers: members))
        }
        var source = JSONObject()
        source["kind"] = .string(kind)
        source["metadata"] = .object(metadata)
        source["spec"] = spec
        return .object(source)
    }
}

/// The decoded `spec`, which contains only the rules without violations.
private struct Spec {
    let description: String?
    let order: JSONNumber?
    let deny: [CrossRegionRule]
    let allow: [CrossRegionRule]

    init(_ value: JSONValue, violations: inout ObjectReader) {
        var reader = ObjectReader(value, at: "/spec")
        description = reader.text("description", limit: 4_096)
        order = Self.order(&reader)
        let denied = Self.rules("deny", &reader)
        let allowed = Self.rules("allow", &reader)
        deny = denied.rules
        allow = allowed.rules
        if value.objectValue != nil, denied.isEmpty, allowed.isEmpty {
            reader.add(
                "/spec", .crossRegionNoRules, "has no rule: write at least one under allow or deny")
        }
        reader.finish()
        violations.absorb(reader.violations)
    }

    private static func order(_ reader: inout ObjectReader) -> JSONNumber? {
        guard let value = reader.member("order") else { return nil }
        guard let number = value.numberValue else {
            reader.addType(of: value, at: reader.place("order"), "a number")
            return nil
        }
        if number.double.isFinite { return number }
        reader.add(
            reader.place("order"), .crossRegionOrder,
            "\(number.literal.prefix(64)) is larger than any number Calico can hold; leave order out"
                + " to come last")
        return nil
    }

    /// - Returns: the valid rules. `isEmpty` is true if the list is absent or has no elements. `isEmpty` is false if
    ///   the list has elements, even if all elements are invalid.
    private static func rules(
        _ field: String, _ reader: inout ObjectReader
    ) -> (rules: [CrossRegionRule], isEmpty: Bool) {
        guard let elements = reader.elements(field) else {
            return ([], reader.isAbsent(field))
        }
        if elements.count > CrossRegionPolicy.maximumRules {
            reader.add(
                reader.place(field), .crossRegionRuleCount,
                "has \(elements.count) rules; at most \(CrossRegionPolicy.maximumRules) are possible"
            )
            return ([], false)
        }
        let rules = elements.compactMap { element in
            let (rule, violations) = CrossRegionRule.decode(element)
            reader.absorb(violations)
            return rule
        }
        return (rules, elements.isEmpty)
    }
}

extension CrossRegionRule {
    /// Reads the rule. Returns a nil rule if there is any violation.
    static func decode(
        _ element: Located<JSONValue>
    ) -> (rule: CrossRegionRule?, violations: ViolationList) {
        var reader = ObjectReader(element.value, at: element.pointer)
        let from = peer("from", &reader)
        let to = peer("to", &reader)
        if let to, !to.namesVMs {
            reader.add(
                to.pointer, .crossRegionNoReceiver,
                "names no VMs, only addresses: the policy would apply to every VM and isolate it; add"
                    + " region, subnet, securityGroup or another field of VMs")
        }
        let transport = transport(&reader)
        let ports = ports(&reader, transport)
        reader.finish()
        guard reader.violations.isEmpty, let from, let to else {
            return (nil, reader.violations)
        }
        let rule = CrossRegionRule(
            pointer: element.pointer, from: from, to: to, transport: transport, ports: ports)
        return (rule, [])
    }

    /// Reads a peer. The field is required: a client that means anyone must write `{any: true}`.
    private static func peer(_ field: String, _ reader: inout ObjectReader) -> CrossRegionPeer? {
        let hint = "; if anyone is meant, write {any: true}"
        guard let value = reader.required(field, hint: hint) else { return nil }
        let (peer, violations) = CrossRegionPeer.decode(value, at: reader.place(field))
        reader.absorb(violations)
        return peer
    }

    private static func transport(_ reader: inout ObjectReader) -> NetProtocol? {
        guard let found = reader.textOrNumber("protocol", "a string or a number") else {
            return nil
        }
        let text = found.value
        if NetProtocol.names.contains(text) { return .name(text) }
        if let number = UInt8(text), number > 0 { return .number(number) }
        let meant = NetProtocol.names.first { $0.lowercased() == text.lowercased() }
        reader.add(
            found.pointer, .crossRegionProtocol,
            meant.map { "write \($0)" }
                ?? "expected \(NetProtocol.names.joined(separator: ", ")) or a number from 1 to"
                + " 255")
        return nil
    }

    private static func ports(
        _ reader: inout ObjectReader, _ transport: NetProtocol?
    ) -> [ClosedRange<UInt16>] {
        guard let elements = reader.elements("ports") else { return [] }
        let place = reader.place("ports")
        if elements.isEmpty {
            reader.add(place, .crossRegionEmptyList, "is empty; leave it out to match every port")
        }
        if elements.count > Port.maximumCount {
            reader.add(
                place, .crossRegionPortCount,
                "has \(elements.count) entries; at most \(Port.maximumCount) are possible: use ranges, or"
                    + " several rules")
            return []
        }
        // Reports the ports if the protocol has no ports or is absent. Does not report the ports if the protocol is
        // unreadable, because the protocol itself has already been reported.
        if transport.map({ !$0.hasPorts }) ?? reader.isAbsent("protocol") {
            reader.add(
                place, .crossRegionPortProtocol, "ports need a protocol: TCP, UDP or SCTP")
        }
        return elements.compactMap { element in
            let port = port(element.value)
            if port == nil {
                reader.add(
                    element.pointer, .crossRegionPort,
                    "expected a port from 1 to 65535, or a range such as \"8080:8090\" with the lower"
                        + " port first")
            }
            return port
        }
    }

    private static func port(_ value: JSONValue) -> ClosedRange<UInt16>? {
        guard let text = value.stringValue ?? value.numberValue?.literal,
            case .numbers(let range) = Port(text: text), range.lowerBound > 0
        else { return nil }
        return range
    }
}
