import Calico
import Documents
import Domain
import TestSupport
import Testing

@Suite("A CrossRegionPolicy and its compiled policies mean the same")
struct CrossRegionMeaningTests {
    /// The orders of policies: by name, as in Felix up to 3.31; by `name/namespace/kind`, as in later releases; and
    /// backwards, because no order may matter.
    private static let orders: [@Sendable (String, String) -> Bool] = [
        { $0 < $1 }, { $0 + "//GlobalNetworkPolicy" < $1 + "//GlobalNetworkPolicy" }, { $0 > $1 },
    ]

    @Test("for random policies, endpoints and packets", arguments: 1...8 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var source = CrossRegionRandomSource(random: SeededGenerator(seed: seed))
        var verdicts: [CrossRegionInterpreter.Verdict: Int] = [:]
        var parts = 0
        for _ in 0..<40 {
            var world = CrossRegionWorld(random: &source.random)
            let document = source.document { Self.compile($0) != nil }
            let policies = try #require(Self.compile(document))
            parts = max(parts, policies.count)
            try Self.areValid(policies)
            let meant = CrossRegionInterpreter(world: world, document: document)
            let evaluators = try Self.orders.map {
                try CalicoEvaluator(world: world, stored: policies.map(\.judged), precedes: $0)
            }
            for endpoint in world.things {
                #expect(evaluators[0].selects(endpoint) == meant.selects(endpoint))
            }
            for _ in 0..<100 {
                let packet = world.packet(random: &source.random)
                let expected = meant.verdict(packet)
                verdicts[expected, default: 0] += 1
                for evaluator in evaluators where evaluator.verdict(packet) != expected {
                    let text = String(decoding: JSONSerializer.bytes(document), as: UTF8.self)
                    Issue.record("expected \(expected) for \(packet) by \(text)")
                }
            }
        }
        // A test without any decision would prove nothing.
        #expect(parts > 2)
        #expect([.allow, .deny, .none].allSatisfy { verdicts[$0, default: 0] > 40 }, "\(verdicts)")
    }

    /// Returns the compiled policies; nil if the document is refused.
    private static func compile(_ document: JSONValue) -> [CompiledPolicy]? {
        let decoded = CrossRegionPolicy.decode(document, name: "p")
        guard decoded.violations.isEmpty, let policy = decoded.value else { return nil }
        let compiled = CrossRegionCompiler.compile(policy, subnetCIDR: CrossRegionWorld.network)
        return compiled.violations.isEmpty ? compiled.policies : nil
    }

    private static func areValid(_ policies: [CompiledPolicy]) throws {
        for policy in policies {
            let verdict = CalicoValidator.judge(policy.document, kind: .globalNetworkPolicy)
            #expect(verdict.violations == [])
            let stored = try #require(verdict.stored)
            #expect(stored == policy.judged)
            #expect(CalicoValidator.judge(stored, kind: .globalNetworkPolicy).stored == stored)
        }
    }
}
