import Documents

extension CrossRegionRule {
    /// The rule, nil when anything is wrong with it.
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

    /// A peer has to be written even when anyone is meant.
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
            reader.add(place, .crossRegionEmptyList, "is empty; leave it out for every port")
        }
        if elements.count > Port.maximumCount {
            reader.add(
                place, .crossRegionPortCount,
                "has \(elements.count) entries; at most \(Port.maximumCount) are possible: use ranges, or"
                    + " several rules")
            return []
        }
        // A protocol that could not be read has been reported; whether it has ports is unknown.
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
