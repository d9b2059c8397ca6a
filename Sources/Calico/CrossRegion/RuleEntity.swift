import Documents
import Domain

/// One side of a Calico rule. The selector and the networks must both match.
struct RuleEntity {
    var selector: String?
    var nets: [CIDR]
    var notNets: [CIDR]
    /// True if no address can match this side.
    var isImpossible = false

    /// Creates the side of a rule from `peer`. The side's selector joins `terms` by `&&`.
    ///
    /// Without terms, a subnet becomes a selector of the subnet's network set, so that the rule follows changes of the
    /// subnet. With terms, a subnet becomes the subnet's network, because the selector must match endpoints, and one
    /// selector cannot match both endpoints and a network set.
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

    /// Returns the parts of `nets` inside `network`. If two networks overlap, one contains the other, so the common
    /// part is the smaller one.
    private func common(_ network: CIDR) -> [CIDR] {
        nets.compactMap { network.contains($0) ? $0 : $0.contains(network) ? network : nil }
    }

    /// Returns a copy of this side that has only the networks of one IP family.
    func of(_ family: IPFamily) -> RuleEntity {
        var entity = self
        entity.nets = nets.filter { $0.family == family }
        entity.notNets = notNets.filter { $0.family == family }
        return entity
    }

    /// Returns true if a packet of the family can match this side.
    func admits(_ family: IPFamily) -> Bool {
        !isImpossible && (nets.isEmpty || nets.contains { $0.family == family })
    }

    /// Returns the side in Calico's JSON form; nil if the side has no conditions.
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

/// Looks up networks of registered subnets and collects violations about unknown subnets.
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

/// The Calico rules compiled from one rule of the source: a single rule, or one rule for each IP family.
struct RuleForms {
    let rule: CrossRegionRule
    let isDeny: Bool
    let source: RuleEntity
    let destination: RuleEntity

    /// - Parameter receiverTerms: the conditions on the receiver's labels besides the selector of the policy.
    init(
        _ rule: CrossRegionRule, isDeny: Bool, receiverTerms: [PeerTerm],
        subnets: inout SubnetLookup
    ) {
        self.rule = rule
        self.isDeny = isDeny
        source = RuleEntity(rule.from, terms: rule.from.senderTerms, subnets: &subnets)
        destination = RuleEntity(rule.to, terms: receiverTerms, subnets: &subnets)
    }

    /// The compiled rules; empty if no packet can match.
    ///
    /// Calico requires all networks of a rule to belong to one family (`validator/v3`). Felix applies a rule with
    /// networks or excluded networks only to packets of the networks' family (`FilterRuleToIPVersion`). A peer that
    /// excludes only IPv4 networks still includes all of IPv6, so IPv6 needs a separate rule.
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

    /// Returns the rule for packets of `family`, or for all packets if `family` is nil.
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
