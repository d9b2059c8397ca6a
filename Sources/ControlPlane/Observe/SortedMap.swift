/// An ordered dictionary in chunks of bounded size. An insertion moves a few hundred elements instead of a million, and
/// a binary search finds the first key of a page.
package struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    private struct Chunk: Sendable {
        var keys: [Key]
        var values: [Value]
    }

    /// The largest number of entries in a chunk. Larger chunks would make insertions slow: an insertion moves half a
    /// chunk on average, and copies the chunk if a copy of the map shares it. Smaller chunks would make the list of
    /// chunks long.
    private static var maximumChunk: Int { 512 }

    /// The chunks in order. No chunk is empty.
    private var chunks: [Chunk] = []
    /// The number of entries.
    package private(set) var count = 0

    /// Creates an empty map.
    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Returns the value of `key`; nil if absent.
    package subscript(key: Key) -> Value? {
        guard let place = find(key), place.isPresent else { return nil }
        return chunks[place.chunk].values[place.index]
    }

    /// Stores a value. Returns the replaced value.
    @discardableResult
    package mutating func set(_ key: Key, _ value: Value) -> Value? {
        guard let place = find(key) else {
            chunks = [Chunk(keys: [key], values: [value])]
            count = 1
            return nil
        }
        if place.isPresent {
            let old = chunks[place.chunk].values[place.index]
            chunks[place.chunk].values[place.index] = value
            return old
        }
        chunks[place.chunk].keys.insert(key, at: place.index)
        chunks[place.chunk].values.insert(value, at: place.index)
        count += 1
        if chunks[place.chunk].keys.count > Self.maximumChunk { split(place.chunk) }
        return nil
    }

    /// Removes the key and returns its value; nil if it was absent.
    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        guard let place = find(key), place.isPresent else { return nil }
        chunks[place.chunk].keys.remove(at: place.index)
        let old = chunks[place.chunk].values.remove(at: place.index)
        if chunks[place.chunk].keys.isEmpty { chunks.remove(at: place.chunk) }
        count -= 1
        return old
    }

    /// Calls `body` for each entry from `start` on, in order, until `body` returns false.
    package func forEach(from start: Key, _ body: (Key, Value) throws -> Bool) rethrows {
        guard var place = find(start) else { return }
        while place.chunk < chunks.count {
            let chunk = chunks[place.chunk]
            while place.index < chunk.keys.count {
                guard try body(chunk.keys[place.index], chunk.values[place.index]) else { return }
                place.index += 1
            }
            place.chunk += 1
            place.index = 0
        }
    }

    private struct Place {
        var chunk: Int
        var index: Int
        var isPresent: Bool
    }

    /// Returns the place of `key`. If `key` is absent, returns the place for its insertion, or nil if the map is empty.
    private func find(_ key: Key) -> Place? {
        guard !chunks.isEmpty else { return nil }
        // Chooses the last chunk that begins at or before `key`. Chooses the first chunk if all chunks begin after
        // `key`.
        let after = Self.partition(chunks.count) { chunks[$0].keys[0] > key }
        let chunk = max(after - 1, 0)
        let keys = chunks[chunk].keys
        let index = Self.partition(keys.count) { keys[$0] >= key }
        return Place(
            chunk: chunk, index: index, isPresent: index < keys.count && keys[index] == key)
    }

    /// Returns the first index in `0..<count` for which `isAfter` is true; `count` if there is none. If `isAfter` is
    /// true for an index, it must be true for all higher ones.
    private static func partition(_ count: Int, _ isAfter: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func split(_ index: Int) {
        let half = chunks[index].keys.count / 2
        let upper = Chunk(
            keys: Array(chunks[index].keys[half...]), values: Array(chunks[index].values[half...]))
        chunks[index].keys.removeSubrange(half...)
        chunks[index].values.removeSubrange(half...)
        chunks.insert(upper, at: index + 1)
    }
}

extension SortedMap where Key == String {
    /// Calls `body` for each entry with a key that starts with `prefix` and comes after `after`. Calls `body` in the
    /// order of the keys, until `body` returns false.
    package func forEach(
        prefix: String, after: String? = nil, _ body: (String, Value) throws -> Bool
    ) rethrows {
        let start = after.map { max($0, prefix) } ?? prefix
        try forEach(from: start) { key, value in
            guard key.hasPrefix(prefix) else { return false }
            if key == after { return true }
            return try body(key, value)
        }
    }
}

extension SortedMap where Key == String {
    /// Returns the keys that start with `prefix`, in order.
    func paths(prefix: String) -> [String] {
        var paths: [String] = []
        forEach(prefix: prefix) { path, _ in
            paths.append(path)
            return true
        }
        return paths
    }
}
