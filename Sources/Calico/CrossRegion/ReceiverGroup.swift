import Domain

/// The rules of one receiving side: what becomes one policy.
struct ReceiverGroup {
    /// Which endpoints the policy applies to.
    let terms: [PeerTerm]
    /// Where the first of its receivers stands in the client's document.
    let pointer: String
    var deny: [CrossRegionRule] = []
    var allow: [CrossRegionRule] = []

    /// Whether no endpoint can be in both groups.
    func isDisjoint(from other: ReceiverGroup) -> Bool {
        terms.contains { term in other.terms.contains(where: term.excludes) }
    }

    /// The groups of a policy in the order written, those of `deny` first.
    static func groups(of policy: CrossRegionPolicy) -> [ReceiverGroup] {
        var groups: [ReceiverGroup] = []
        var indexes: [[PeerTerm]: Int] = [:]
        func index(_ rule: CrossRegionRule) -> Int {
            let terms = rule.to.receiverTerms
            if let index = indexes[terms] { return index }
            groups.append(ReceiverGroup(terms: terms, pointer: rule.to.pointer))
            indexes[terms] = groups.count - 1
            return groups.count - 1
        }
        for rule in policy.deny { groups[index(rule)].deny.append(rule) }
        for rule in policy.allow { groups[index(rule)].allow.append(rule) }
        return groups
    }
}
