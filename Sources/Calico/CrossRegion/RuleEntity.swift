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
    let network: (SubnetID) -> CIDR?
    private(set) var violations: [Violation] = []

    init(_ network: @escaping (SubnetID) -> CIDR?) { self.network = network }

    func known(_ subnet: SubnetID) -> CIDR? { network(subnet) }

    mutating func required(_ subnet: Located<SubnetID>) -> CIDR? {
        let found = network(subnet.value)
        if found == nil { violations.append(.unknownSubnet(subnet)) }
        return found
    }
}

/// The rules of Calico that one rule of the source becomes: one, or one for each IP family.
struct RuleForms {
    let rule: CrossRegionRule
    let isDeny: Bool
    let source: RuleEntity
    let destination: RuleEntity

    /// - Parameter receiverTerms: what the rule itself has to ask of the receiver's labels, besides the
    ///   policy it stands in.
    init(
        _ rule: CrossRegionRule, isDeny: Bool, receiverTerms: [PeerTerm],
        subnets: inout SubnetLookup
    ) {
        self.rule = rule
        self.isDeny = isDeny
        source = RuleEntity(rule.from, terms: rule.from.senderTerms, subnets: &subnets)
        destination = RuleEntity(rule.to, terms: receiverTerms, subnets: &subnets)
    }

    /// Empty when no packet can match.
    ///
    /// Calico takes networks of one family in a rule (`validator/v3`), and Felix applies a rule with
    /// networks of one family, excluded ones too, to that family only (`FilterRuleToIPVersion`).
    /// Excluding IPv4 networks alone leaves all of IPv6, so that needs a rule of its own.
    var documents: [JSONValue] {
        let families = IPFamily.allCases.filter { family in
            source.admits(family) && destination.admits(family)
                && rule.transport?.family ?? family == family
        }
        let lists = [source.nets, source.notNets, destination.nets, destination.notNets]
        let mentioned = Set(lists.joined().map(\.family))
        if mentioned.isEmpty { return families.isEmpty ? [] : [document(nil)] }
        let excludes = !source.notNets.isEmpty || !destination.notNets.isEmpty
        guard mentioned.count == 2 || excludes else {
            return families.filter(mentioned.contains).map { _ in document(nil) }
        }
        return families.map(document)
    }

    /// The rule for packets of one family; as it stands when nil.
    private func document(_ family: IPFamily?) -> JSONValue {
        var object = JSONObject()
        object["action"] = isDeny ? "Deny" : "Allow"
        object["ipVersion"] = family.map { .number(JSONNumber(Int64($0.rawValue))) }
        switch rule.transport {
        case .name(let name): object["protocol"] = .string(name)
        case .number(let number): object["protocol"] = .number(JSONNumber(Int64(number)))
        case nil: break
        }
        object["source"] = (family.map(source.of) ?? source).document()
        object["destination"] = (family.map(destination.of) ?? destination)
            .document(ports: rule.ports)
        return .object(object)
    }
}
