import PolicyServer
import TestSupport
import Testing

struct LRUCacheTests {
    @Test func `the entry that was used least recently makes room`() {
        var cache = LRUCache<String, Int>(capacity: 2)
        cache.set("a", 1)
        cache.set("b", 2)
        #expect(cache.value("a") == 1)
        cache.set("c", 3)
        #expect(cache.value("b") == nil)
        #expect(cache.value("a") == 1)
        #expect(cache.value("c") == 3)
        cache.remove("a")
        cache.set("d", 4)
        #expect(cache.value("c") == 3)
        #expect(cache.count == 2)
    }

    /// Compares random operations with a simple list.
    @Test(arguments: [1, 2, 3, 7, 50]) func `it is equal to a list in order of use`(_ capacity: Int)
    {
        var random = SeededGenerator(seed: UInt64(capacity))
        var cache = LRUCache<Int, Int>(capacity: capacity)
        var list: [(key: Int, value: Int)] = []
        for step in 0..<5_000 {
            let key = Int.random(in: 0..<(capacity * 2), using: &random)
            let place = list.firstIndex { $0.key == key }
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                cache.remove(key)
                if let place { list.remove(at: place) }
            case 1, 2:
                cache.set(key, step)
                if let place { list.remove(at: place) }
                list.append((key, step))
                if list.count > capacity { list.removeFirst() }
            default:
                let expected = place.map { list[$0].value }
                if let place { list.append(list.remove(at: place)) }
                #expect(cache.value(key) == expected)
            }
            #expect(cache.count == list.count)
        }
    }
}
