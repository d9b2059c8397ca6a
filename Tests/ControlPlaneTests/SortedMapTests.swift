import ControlPlane
import TestSupport
import Testing

@Suite struct SortedMapTests {
    @Test("Random operations leave what a dictionary would hold", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var map = SortedMap<Int, Int>()
        var model: [Int: Int] = [:]
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<3_000, using: &generator)
            // The map first grows, so that chunks split, and then shrinks, so that chunks disappear.
            let isRemoval = Int.random(in: 0..<10, using: &generator) < (step < 10_000 ? 2 : 8)
            if isRemoval {
                #expect(map.remove(key) == model.removeValue(forKey: key))
            } else {
                #expect(map.set(key, step) == model.updateValue(step, forKey: key))
            }
            #expect(map.count == model.count)
        }
        var seen: [Int] = []
        map.forEach(from: Int.min) { key, value in
            seen.append(key)
            return model[key] == value
        }
        #expect(seen == model.keys.sorted())
        for key in 0..<3_000 { #expect(map[key] == model[key]) }
    }

    @Test("Every entry of a prefix is seen in order, from where a page ended", arguments: [4, 5])
    func prefix(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var map = SortedMap<String, Int>()
        var keys: Set<String> = []
        for number in 0..<3_000 {
            let key = "\("abc".randomElement(using: &generator) ?? "a")/\(number)"
            keys.insert(key)
            map.set(key, number)
        }
        for prefix in ["", "a/", "b/1", "c/299", "d/", "b/77"] {
            let expected = keys.filter { $0.hasPrefix(prefix) }.sorted()
            #expect(page(map, prefix, after: nil) == expected)
            for after in expected.shuffled(using: &generator).prefix(20) {
                #expect(page(map, prefix, after: after) == expected.filter { $0 > after })
            }
            #expect(page(map, prefix, after: prefix) == expected.filter { $0 > prefix })
        }
        #expect(page(map, "b/", after: "a/5") == keys.filter { $0.hasPrefix("b/") }.sorted())
    }

    @Test("Iteration ends when the caller has enough")
    func stops() {
        var map = SortedMap<String, Int>()
        for number in 0..<2_000 { map.set("k\(10_000 + number)", number) }
        var seen = 0
        map.forEach(prefix: "k") { _, _ in
            seen += 1
            return seen < 700
        }
        #expect(seen == 700)
    }

    private func page(_ map: SortedMap<String, Int>, _ prefix: String, after: String?) -> [String] {
        var found: [String] = []
        map.forEach(prefix: prefix, after: after) { key, _ in
            found.append(key)
            return true
        }
        return found
    }
}
