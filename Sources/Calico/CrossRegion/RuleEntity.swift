import Documents
import Domain

/// One side of a rule in Calico's terms: selector and networks must both match.
struct RuleEntity {
    var selector: String?
    var nets: [CIDR]
    var notNets: [CIDR]
    /// Whether no address can match.
    var isImpossible = false

    /// The side that `peer` is when its labels have to satisfy `terms`.
    ///
    /// A subnet alone is the selector of its network set, which follows changes of the subnet. Beside
    /// `terms` it has to be its network, because one selector matches an endpoint or a network set, never
    /// both together.
    init(_ peer: CrossRegionPeer, terms: [PeerTerm], subnets: inout SubnetLookup) {
        selector = terms.selector
        nets = peer.nets
        notNets = peer.notNets
        guard let subnet = peer.subnet else { return }
        if terms.isEmpty {
            selector = subnet.value.selector
            if let network = subnets.known(subnet.value) { check(network) }
        } else if let network = subnets.required(subnet) {
            check(network)
            nets = nets.isEmpty ? [network] : common(network)
        }
    }

    private mutating func check(_ network: CIDR) {
        isImpossible = !nets.isEmpty && common(network).isEmpty
    }

    /// The parts of `nets` in `network`: of two networks that overlap, one contains the other.
    private func common(_ network: CIDR) -> [CIDR] {
        nets.compactMap { network.contains($0) ? $0 : $0.contains(network) ? network : nil }
    }

    /// The same side for packets of one family.
    func of(_ family: IPFamily) -> RuleEntity {
        var entity = self
        entity.nets = nets.filter { $0.family == family }
        entity.notNets = notNets.filter { $0.family == family }
        return entity
    }

    /// Whether packets of the family can match.
    func admits(_ family: IPFamily) -> Bool {
        !isImpossible && (nets.isEmpty || nets.contains { $0.family == family })
    }

    /// Nil when the side asks for nothing.
    func document(ports: [ClosedRange<UInt16>] = []) -> JSONValue? {
        var object = JSONObject()
        object["selector"] = selector.map(JSONValue.string)
        object["nets"] = Self.document(nets)
        object["notNets"] = Self.document(notNets)
        if !ports.isEmpty { object["ports"] = .array(ports.map(Self.document)) }
        return object.isEmpty ? nil : .object(object)
    }

    private static func document(_ networks: [CIDR]) -> JSONValue? {
        networks.isEmpty ? nil : .array(networks.map { .string($0.description) })
    }

    private static func document(_ port: ClosedRange<UInt16>) -> JSONValue {
        port.count == 1
            ? .number(JSONNumber(Int64(port.lowerBound)))
            : .string("\(port.lowerBound):\(port.upperBound)")
    }
}

/// The networks of registered subnets, and which were asked for in vain.
struct SubnetLookup {
    let network: (SubnetReference) -> CIDR?
    private(set) var violations: [Violation] = []

    init(_ network: @escaping (SubnetReference) -> CIDR?) { self.network = network }

    func known(_ subnet: SubnetReference) -> CIDR? { network(subnet) }

    mutating func required(_ subnet: Located<SubnetReference>) -> CIDR? {
        let found = network(subnet.value)
        if found == nil { violations.append(.unknownSubnet(subnet)) }
        return found
    }
}
