import Documents
import Domain

extension RuleID {
    static let lintNeverMatches = RuleID("lint.rule-never-matches")
}

/// Finds rules that no packet can reach, because an earlier rule of the same direction decides every packet that the
/// later rule would match.
enum CoverageLint {
    static let all: [RuleID] = [.lintNeverMatches]

    static func check(_ rules: [GoRecord], into report: inout ViolationReport) {
        // The time is quadratic, so only the first 100 rules are compared. People rarely write more than 100 rules by
        // hand.
        let criteria = rules.prefix(100).map(RuleCriteria.init)
        for (index, later) in criteria.enumerated() {
            let earlier = criteria[..<index].firstIndex { $0.isFinal && $0.covers(later) }
            guard let earlier else { continue }
            report.add(
                .lintNeverMatches, at: rules[index].pointer,
                "can never match, because the rule at \(rules[earlier].pointer)"
                    + " already decides the same traffic: move this rule up or remove it")
        }
    }
}

/// The criteria by which a rule matches packets. An absent criterion matches every packet.
struct RuleCriteria {
    /// True if a match ends the evaluation. Every action except Log ends the evaluation.
    let isFinal: Bool
    private let rule: GoRecord
    /// The nets of source and destination, in the order of `PolicySide.allCases`. An element that is not a network is
    /// nil.
    private let nets: [(nets: [GoNetwork?], notNets: [GoNetwork?])]

    /// The maximum number of pairs of nets, or of ports, that are compared for two rules. With more pairs, the lint
    /// assumes that the earlier rule does not cover the later one. The limit bounds the cost, because each rule is
    /// compared with every earlier rule.
    private static let maxComparisons = 256

    init(_ rule: GoRecord) {
        self.rule = rule
        isFinal = rule.string("action") != "Log"
        nets = PolicySide.allCases.map { side in
            let entity = rule.record(side.rawValue)
            func parsed(_ name: String) -> [GoNetwork?] {
                (entity?.list(name) ?? []).map { GoNetwork($0.text) }
            }
            return (parsed("nets"), parsed("notNets"))
        }
    }

    /// Returns true if this rule matches every packet that `other` matches; false if in doubt.
    func covers(_ other: RuleCriteria) -> Bool {
        let names = ["ipVersion", "protocol", "icmp", "notProtocol", "notICMP", "http"]
        return names.allSatisfy { Self.isEqualOrFree($0, rule, other.rule) }
            && PolicySide.allCases.enumerated().allSatisfy { index, side in
                guard let ours = rule.record(side.rawValue) else { return true }
                let theirs = other.rule.record(side.rawValue) ?? other.rule.empty(side.rawValue)
                return Self.covers(ours, theirs)
                    && Self.isInside(other.nets[index].nets, nets[index].nets, by: Self.isSubnet)
                    && Self.excludes(
                        other.nets[index].notNets, atLeast: nets[index].notNets, by: Self.isSubnet)
            }
    }

    private static func covers(_ ours: GoRecord, _ theirs: GoRecord) -> Bool {
        let plain = [
            "selector", "namespaceSelector", "notSelector", "services", "serviceAccounts",
        ]
        // The negated lists are compared in the opposite direction, because a rule that excludes less matches more.
        return plain.allSatisfy { isEqualOrFree($0, ours, theirs) }
            && isInside(theirs.list("ports"), ours.list("ports"), by: isSubrange)
            && excludes(theirs.list("notPorts"), atLeast: ours.list("notPorts"), by: isSubrange)
    }

    private static func isEqualOrFree(
        _ name: String, _ ours: GoRecord, _ theirs: GoRecord
    ) -> Bool {
        guard let mine = ours[name] else { return true }
        guard let other = theirs[name] else { return false }
        return GoEncoder.json(mine.value) == GoEncoder.json(other.value)
    }

    /// Returns true if each element of `theirs` is inside an element of `ours`. If `ours` is empty, it contains
    /// everything. Returns false if there are too many pairs to compare.
    private static func isInside<Part>(
        _ theirs: [Part], _ ours: [Part], by isPart: (Part, Part) -> Bool
    ) -> Bool {
        if ours.isEmpty { return true }
        return !theirs.isEmpty && theirs.count * ours.count <= maxComparisons
            && theirs.allSatisfy { part in ours.contains { isPart(part, $0) } }
    }

    /// Returns true if `theirs` excludes everything that `ours` excludes. Returns false if there are too many pairs to
    /// compare.
    private static func excludes<Part>(
        _ theirs: [Part], atLeast ours: [Part], by isPart: (Part, Part) -> Bool
    ) -> Bool {
        theirs.count * ours.count <= maxComparisons
            && ours.allSatisfy { part in theirs.contains { isPart(part, $0) } }
    }

    private static func isSubnet(_ part: GoNetwork?, _ whole: GoNetwork?) -> Bool {
        guard let part, let whole else { return false }
        return whole.contains(part)
    }

    private static func isSubrange(_ part: GoNode, _ whole: GoNode) -> Bool {
        switch (part.value, whole.value) {
        case (.port(.numbers(let part)), .port(.numbers(let whole))):
            whole.contains(part.lowerBound) && whole.contains(part.upperBound)
        case (.port(.named(let part)), .port(.named(let whole))): part == whole
        default: false
        }
    }
}
