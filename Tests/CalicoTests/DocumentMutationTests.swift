import Calico
import Documents
import Domain
import TestSupport
import Testing

@Suite("Mutated documents")
struct DocumentMutationTests {
    /// One fixed seed and one random seed; a failure prints the seed.
    static let seeds: [UInt64] = [1, UInt64.random(in: .min ... .max)]

    @Test("are refused, or stored in an accepted and stable form", arguments: seeds)
    func storedIsAccepted(seed: UInt64) throws {
        let rows = try Verdicts.rows("policies")
        var mutator = DocumentMutator(seed: seed, pool: rows)
        var accepted = 0
        for _ in 0..<3_000 {
            let row = try #require(rows.randomElement(using: &mutator.random))
            let kind = try #require(ResourceKind(rawValue: row["kind"]?.stringValue ?? ""))
            let document = mutator.mutated(try #require(row["object"]))
            guard let stored = CalicoValidator.judge(document, kind: kind).stored else { continue }
            accepted += 1
            let again = CalicoValidator.judge(stored, kind: kind)
            #expect(again.violations == [], "seed \(seed): \(stored)")
            // Go keeps `destination: {}` for `{"nets": []}` once, and drops it when it reads that again.
            let settled = try #require(again.stored)
            #expect(CalicoValidator.judge(settled, kind: kind).stored == settled, "seed \(seed)")
            _ = PolicyLinter.lint(stored, knownRegions: [])
        }
        #expect(accepted > 100)
    }
}

/// Replaces, removes and moves values inside documents.
private struct DocumentMutator {
    var random: SeededGenerator
    private let pool: [JSONValue]

    init(seed: UInt64, pool: [JSONValue]) {
        random = SeededGenerator(seed: seed)
        self.pool = pool
    }

    mutating func mutated(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            guard let key = object.keys.randomElement(using: &random) else { return scalar() }
            var changed = object
            switch Int.random(in: 0..<12, using: &random) {
            case 0: changed[key] = nil
            case 1: changed[key.uppercased()] = object[key]
            case 2: changed[key] = scalar()
            default: changed[key] = object[key].map { mutated($0) }
            }
            return .object(changed)
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &random) else {
                return scalar()
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            default: elements[index] = mutated(elements[index])
            }
            return .array(elements)
        default: return scalar()
        }
    }

    private mutating func scalar() -> JSONValue {
        let values: [JSONValue] = [
            .null, true, "", "Allow", "TCP", "tcp", "6", "80", "1:2", "http", "10.0.0.0/8", "::/0",
            "all()",
            "global()", "a == 'b'", "(", "é", [], [:], 0, 1, 6, 80, -1,
            .number(JSONNumber(uncheckedLiteral: "4.0")),
            .number(JSONNumber(uncheckedLiteral: "1e400")),
            .number(JSONNumber(uncheckedLiteral: "18446744073709551616")),
        ]
        if Bool.random(using: &random), let row = pool.randomElement(using: &random) {
            return row["object"]?["spec"] ?? .null
        }
        return values.randomElement(using: &random) ?? .null
    }
}
