import Domain
import TestSupport
import Testing

@Suite("The reach of a selector")
struct SelectorReachTests {
    /// The region of objects with the label `r`, whose values are `in-<region>`, or with the label `s`, whose values
    /// are names of regions.
    private static func region(_ label: String, _ value: String) -> String? {
        switch label {
        case "r": value.hasPrefix("in-") ? String(value.dropFirst(3)) : nil
        case "s": value
        default: nil
        }
    }

    @Test(
        "only equality and sets of a region's label limit it",
        arguments: [
            ("r == 'in-a'", RegionSet.some(["a"])), ("r in {'in-a', 'in-b'}", .some(["a", "b"])),
            ("s == 'a' && has(x)", .some(["a"])),
            ("has(x) && (r == 'in-a' || s == 'b')", .some(["a", "b"])),
            ("r in {'in-a', 'in-b'} && r in {'in-b', 'in-c'}", .some(["b"])),
            ("r == 'in-a' && r == 'in-b'", .none), ("r in {}", .none),
            ("r == 'a'", .all), ("r in {'in-a', 'elsewhere'}", .all),
            ("r == 'in-a' || has(x)", .all),
            ("", .all), ("all()", .all), ("global()", .all), ("has(r)", .all),
            ("x == 'in-a'", .all),
            ("r != 'in-a'", .all), ("r not in {'in-a'}", .all), ("!(r == 'in-a')", .all),
            ("!(r != 'in-a')", .all), ("!!(r == 'in-a')", .all), ("r starts with 'in-a'", .all),
            ("r ends with 'in-a'", .all), ("r contains 'in-a'", .all),
        ])
    func table(text: String, expected: RegionSet) throws {
        let reach = try Selector(parsing: text).reach(Self.region)
        // Two negations cancel each other in the parser.
        #expect(reach == (text.hasPrefix("!!") ? .some(["a"]) : expected), "\(text)")
    }

    @Test(
        "contains the region of every object that matches", arguments: 1...20 as ClosedRange<UInt64>
    )
    func isSound(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var matches = 0
        var limited = 0
        for _ in 0..<2_000 {
            let selector = Selector(Self.node(depth: 4, &random))
            let reach = selector.reach(Self.region)
            if reach != .all { limited += 1 }
            for _ in 0..<8 {
                let (region, labels) = Self.object(&random)
                guard selector.matches(labels) else { continue }
                matches += 1
                if let region {
                    #expect(reach.contains(region), "\(selector) matches \(labels)")
                } else {
                    #expect(reach == .all, "\(selector) matches \(labels)")
                }
            }
        }
        // A test without matches or without limited selectors would prove nothing.
        #expect(matches > 1_000)
        #expect(limited > 100)
    }

    private static let regions = ["a", "b", "c", "ab"]

    /// Returns a random object and its region; nil for an object of no region.
    private static func object(
        _ random: inout SeededGenerator
    ) -> (region: String?, labels: [String: String]) {
        var labels: [String: String] = [:]
        for label in ["x", "y"] where Bool.random(using: &random) {
            labels[label] = ["1", "in-a", ""].randomElement(using: &random)
        }
        guard Int.random(in: 0..<5, using: &random) > 0,
            let region = regions.randomElement(using: &random)
        else {
            labels["r"] = [nil, "elsewhere"].randomElement(using: &random) ?? nil
            return (nil, labels)
        }
        if Bool.random(using: &random) { labels["r"] = "in-" + region }
        if Bool.random(using: &random) { labels["s"] = region }
        return (region, labels)
    }

    private static func node(depth: Int, _ random: inout SeededGenerator) -> SelectorNode {
        switch Int.random(in: 0..<(depth == 0 ? 4 : 10), using: &random) {
        case 4, 5: return .and(operands(depth, &random))
        case 6, 7: return .or(operands(depth, &random))
        case 8: return .not(node(depth: depth - 1, &random))
        case 9: return Bool.random(using: &random) ? .all : .has("r")
        default: break
        }
        let label = ["r", "r", "s", "x"].randomElement(using: &random) ?? "r"
        let operations = SelectorComparison.Operator.allCases + [.equal, .inSet, .inSet]
        let operation = operations.randomElement(using: &random) ?? .equal
        let values = ["in-a", "in-b", "in-ab", "a", "b", "elsewhere", "1", ""]
        let isSet = operation == .inSet || operation == .notInSet
        let chosen = (0..<(isSet ? Int.random(in: 0...3, using: &random) : 1)).compactMap { _ in
            values.randomElement(using: &random)
        }
        let sorted = Set(chosen).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return .comparison(
            SelectorComparison(label: label, operation: operation, values: sorted))
    }

    private static func operands(
        _ depth: Int, _ random: inout SeededGenerator
    ) -> [SelectorNode] {
        (0..<Int.random(in: 2...3, using: &random)).map { _ in node(depth: depth - 1, &random) }
    }
}
