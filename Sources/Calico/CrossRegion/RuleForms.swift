import Documents
import Domain

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
