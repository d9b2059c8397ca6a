import Documents
import Domain

/// Collects the rules of one compiled policy.
struct PolicyWriter {
    private let group: ReceiverGroup
    private(set) var origins: RuleOrigins
    private(set) var subnets: SubnetLookup
    private(set) var violations: [Violation] = []
    private var rules: [JSONValue] = []

    init(_ group: ReceiverGroup, subnets: SubnetLookup) {
        self.group = group
        self.subnets = subnets
        origins = RuleOrigins(receiver: group.pointer)
    }

    /// Adds the rules of this policy's own receiver.
    mutating func add(_ added: [CrossRegionRule], isDeny: Bool) {
        for rule in added {
            let forms = RuleForms(rule, isDeny: isDeny, receiverTerms: [], subnets: &subnets)
            if forms.documents.isEmpty { violations.append(.neverMatches(rule)) }
            append(forms, isCopy: false)
        }
    }

    /// Adds copies of the `deny` rules of `other`, unless it is certain that no endpoint belongs to both groups.
    mutating func copyDenials(of other: ReceiverGroup) {
        guard !group.isDisjoint(from: other) else { return }
        for rule in other.deny {
            append(
                RuleForms(
                    rule, isDeny: true, receiverTerms: terms(of: rule, in: other), subnets: &subnets
                ),
                isCopy: true)
        }
    }

    /// Returns the conditions on the receiver that a copy of `rule` needs in addition to the selector of this policy.
    /// The copy needs no conditions in two cases:
    /// - All endpoints of this policy satisfy the conditions anyway.
    /// - The only condition is the region of the receiver's subnet. Then the copy selects the subnet's network set, and
    ///   only VMs of that region have addresses in the subnet.
    private func terms(of rule: CrossRegionRule, in other: ReceiverGroup) -> [PeerTerm] {
        if other.terms.allSatisfy({ $0 == .isVM || group.terms.contains($0) }) { return [] }
        if let subnet = rule.to.subnet, other.terms == [.regions([subnet.value.region])] {
            return []
        }
        return other.terms
    }

    private mutating func append(_ forms: RuleForms, isCopy: Bool) {
        for document in forms.documents {
            rules.append(document)
            origins.rules.append(.init(pointer: forms.rule.pointer, isCopy: isCopy))
        }
    }

    /// Returns the compiled policy of `policy` that has the number `index`, which is 0 for the first one.
    func document(of policy: CrossRegionPolicy, index: Int) -> JSONValue {
        var spec = JSONObject()
        spec["order"] = policy.order.map(JSONValue.number)
        spec["selector"] = group.terms.selector.map(JSONValue.string)
        spec["types"] = ["Ingress"]
        spec["ingress"] = .array(rules)
        var metadata = JSONObject()
        metadata["name"] = .string(CrossRegionCompiler.name(policy.name, index: index))
        metadata["labels"] = Resource.document(of: policy.labels)
        metadata["annotations"] = Resource.document(
            of: index == 0
                ? CrossRegionAnnotation.first(of: policy)
                : CrossRegionAnnotation.part(of: policy.name))
        return [
            "apiVersion": .string(Resource.apiVersion),
            "kind": .string(ResourceKind.globalNetworkPolicy.rawValue),
            "metadata": .object(metadata),
            "spec": .object(spec),
        ]
    }
}
