import Calico
import Documents
import Domain
import Foundation
import TestSupport
import Testing

/// Random changes of real documents and selectors give a result or an error in reasonable time and never crash.
/// Nothing is accepted that the strict decoder then refuses.
///
/// Each test runs for `TEST_FUZZ_SECONDS` (2 if not set; `scripts/fuzz` sets it), half of the time with a fixed seed
/// and half with a random one.
@Suite("Broken bytes")
struct ByteFuzzTests {
    private static let seeds: [UInt64] = [1, UInt64.random(in: .min ... .max)]

    private static let seconds =
        ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap(Double.init) ?? 2

    /// A limit far above the time that any case needs. Only a hang exceeds it.
    private static let patience = Duration.seconds(5)

    /// Calls `body` until the time is up, and checks that no call takes long.
    private func run(
        _ name: String, seed: UInt64, _ body: (inout ByteMutator) throws -> Bool
    ) throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds / Double(Self.seeds.count))
        var mutator = ByteMutator(seed: seed)
        var (cases, accepted) = (0, 0)
        while clock.now < end {
            let start = clock.now
            if try body(&mutator) { accepted += 1 }
            cases += 1
            #expect(
                clock.now - start < Self.patience,
                "seed \(seed), case \(cases): \(String(decoding: mutator.last, as: UTF8.self))")
        }
        print("\(name): seed \(seed), \(cases) cases, \(accepted) accepted")
        #expect(accepted > 0, "seed \(seed)")
    }

    @Test("JSON documents", arguments: seeds)
    func json(seed: UInt64) throws {
        let corpus = try Verdicts.rows("policies").compactMap { $0["object"] }.map {
            JSONSerializer.bytes($0)
        }
        try run("json", seed: seed) { mutator in
            guard let document = try? JSONParser.parse(mutator.broken(corpus)) else { return false }
            try #expect(
                JSONParser.parse(JSONSerializer.bytes(document)) == document)
            try #expect(
                JSONParser.parse(JSONSerializer.canonical(document)) == document)
            return judge(document, mutator)
        }
    }

    @Test("YAML documents", arguments: seeds)
    func yaml(seed: UInt64) throws {
        let corpus = try Verdicts.rows("policies").compactMap { $0["object"] }.map {
            YAMLSerializer.bytes($0)
        }
        try run("yaml", seed: seed) { mutator in
            let bytes = mutator.broken(corpus)
            for document in (try? YAMLParser.documents(bytes)) ?? [] {
                try #expect(
                    YAMLParser.parse(YAMLSerializer.bytes(document)) == document,
                    "\(String(decoding: bytes, as: UTF8.self))")
            }
            guard let document = try? YAMLParser.parse(bytes) else { return false }
            return judge(document, mutator)
        }
    }

    @Test("selectors", arguments: seeds)
    func selectors(seed: UInt64) throws {
        let rows = try Verdicts.rows("selectors")
        let corpus = rows.compactMap { $0["selector"]?.stringValue }.map { Array($0.utf8) }
        let labels: [[String: String]] = rows.prefix(50).map { row in
            var labels: [String: String] = [:]
            for (key, value) in row["labels"]?.objectValue ?? JSONObject() {
                labels[key] = value.stringValue
            }
            return labels
        }
        try run("selectors", seed: seed) { mutator in
            let text = String(decoding: mutator.broken(corpus), as: UTF8.self)
            guard let selector = try? Selector(parsing: text) else { return false }
            let again = try Selector(parsing: selector.canonical)
            // Calico prints `!(!x)` as `!!x` and reads that as `x`, so the form is stable one step later.
            try #expect(Selector(parsing: again.canonical).canonical == again.canonical)
            for labels in labels {
                #expect(again.matches(labels) == selector.matches(labels), "\(text)")
            }
            return true
        }
    }

    @Test("regions, subnets and CrossRegionPolicies", arguments: seeds)
    func inventory(seed: UInt64) throws {
        let corpus = [
            #"{"name":"west","addressBlocks":["10.0.0.0/16","2001:db8::/48"],"labels":{"a/b":"c"}}"#,
            #"{"region":"west","name":"web","cidr":"10.0.1.0/24","description":"x","revision":7}"#,
            #"{"name":"web","prefixLength":24,"ipVersion":4,"within":"10.0.0.0/8"}"#,
            #"""
            {"kind":"CrossRegionPolicy","metadata":{"name":"web","labels":{"a":"b"}},"spec":{"order":5,
            "allow":[{"from":{"region":"west","securityGroup":"85cc3048-abc3-43cc-89b3-377341426ac5"},
            "to":{"regions":["east"],"labels":{"a":"b"}},"protocol":"TCP","ports":[80,"8080:8090"]}],
            "deny":[{"from":{"subnet":"west/web","notNets":["10.0.0.0/8"]},"to":{"selector":"has(a)"}}]}}
            """#,
        ].map { Array($0.utf8) }
        try run("inventory", seed: seed) { mutator in
            let bytes = mutator.broken(corpus)
            guard let document = try? JSONParser.parse(bytes) else { return false }
            let region = Region.decode(document, name: "west")
            let subnet = Subnet.decode(document, region: "west", name: "web")
            _ = SubnetAllocation.decode(document)
            // A JSON scalar may be invalid YAML and has no positions in it.
            if document.objectValue != nil {
                let pointers = (region.violations + subnet.violations).map(\.pointer)
                #expect(!DocumentLocator.positions(of: pointers, in: bytes).contains(nil))
            }
            let policy = CrossRegionPolicy.decode(document, name: "web")
            guard let value = policy.value else { return region.violations.isEmpty }
            let compiled = CrossRegionCompiler.compile(value) { _ in
                try? CIDR(parsing: "10.0.1.0/24")
            }
            for part in compiled.policies { _ = judge(part.document, mutator) }
            return true
        }
    }

    /// Returns true if some kind accepts the document. The stored form must then be accepted too.
    private func judge(_ document: JSONValue, _ mutator: ByteMutator) -> Bool {
        var isAccepted = false
        for kind in [ResourceKind.globalNetworkPolicy, .networkPolicy, .globalNetworkSet] {
            guard let stored = CalicoValidator.judge(document, kind: kind).stored else { continue }
            isAccepted = true
            let again = CalicoValidator.judge(stored, kind: kind)
            #expect(
                again.violations == [], "\(String(decoding: mutator.last, as: UTF8.self))")
            _ = PolicyLinter.lint(stored, knownRegions: [])
        }
        return isAccepted
    }
}
