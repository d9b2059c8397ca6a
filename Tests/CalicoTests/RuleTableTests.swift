import Calico
import Documents
import Domain
import Testing

@Suite("Every rule refuses a document")
struct RuleTableTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let pointer: String
        let document: String
        var kind: ResourceKind?

        init(_ rule: String, _ pointer: String, _ document: String, as kind: ResourceKind? = nil) {
            self.rule = rule
            self.pointer = pointer
            self.document = document
            self.kind = kind
        }

        var testDescription: String { "\(rule) at \(pointer)" }
    }

    @Test("every rule has a case in the table")
    func everyRuleHasACase() {
        let covered = Set(Self.cases.map(\.rule))
        let rules = Set(CalicoValidator.rules.map(\.name))
        #expect(rules.subtracting(covered).sorted() == [])
        #expect(covered.subtracting(rules).sorted() == [])
        #expect(CalicoValidator.rules.count == rules.count)
    }

    @Test("each case is refused at its pointer with a message", arguments: cases)
    func refuses(_ row: Case) throws {
        let verdict = try PolicySample.judge(row.document, as: row.kind)
        let found = verdict.violations.first {
            $0.rule.name == row.rule && $0.pointer == row.pointer
        }
        #expect(verdict.stored == nil)
        #expect(found?.message.isEmpty == false, "found \(verdict.violations)")
    }

    static let cases = RuleCases.envelope + RuleCases.spec + RuleCases.matches + RuleCases.peers
}
