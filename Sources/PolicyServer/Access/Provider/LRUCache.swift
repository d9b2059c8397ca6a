/// A map with a maximum size. When the map is full, a new entry replaces the entry that was used least recently.
///
/// The entries form a doubly linked list in an array, from the most recent to the least recent one. All operations
/// therefore take constant time.
package struct LRUCache<Key: Hashable, Value> {
    private struct Entry {
        var key: Key
        var value: Value
        var newer: Int?
        var older: Int?
    }

    private let capacity: Int
    private var positions: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var newest: Int?
    private var oldest: Int?

    /// Creates an empty map for at most `capacity` entries, at least 1.
    package init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    package var count: Int { entries.count }

    /// Returns the value of `key` and makes its entry the most recent one.
    package mutating func value(_ key: Key) -> Value? {
        guard let position = positions[key] else { return nil }
        unlink(position)
        linkAsNewest(position)
        return entries[position].value
    }

    /// Sets the value of `key` and makes its entry the most recent one.
    package mutating func set(_ key: Key, _ value: Value) {
        if let position = positions[key] {
            entries[position].value = value
            unlink(position)
            linkAsNewest(position)
        } else if entries.count >= capacity, let position = oldest {
            unlink(position)
            positions[entries[position].key] = nil
            entries[position] = Entry(key: key, value: value)
            positions[key] = position
            linkAsNewest(position)
        } else {
            entries.append(Entry(key: key, value: value))
            positions[key] = entries.count - 1
            linkAsNewest(entries.count - 1)
        }
    }

    /// Removes the entry of `key`.
    package mutating func remove(_ key: Key) {
        guard let position = positions.removeValue(forKey: key) else { return }
        unlink(position)
        let last = entries.count - 1
        if position != last {
            // The last entry of the array moves to the free position, so that the array has no gaps.
            let moved = entries[last]
            entries[position] = moved
            positions[moved.key] = position
            if let newer = moved.newer {
                entries[newer].older = position
            } else {
                newest = position
            }
            if let older = moved.older {
                entries[older].newer = position
            } else {
                oldest = position
            }
        }
        entries.removeLast()
    }

    private mutating func unlink(_ position: Int) {
        let (newer, older) = (entries[position].newer, entries[position].older)
        if let newer { entries[newer].older = older } else { newest = older }
        if let older { entries[older].newer = newer } else { oldest = newer }
        entries[position].newer = nil
        entries[position].older = nil
    }

    private mutating func linkAsNewest(_ position: Int) {
        entries[position].older = newest
        if let newest { entries[newest].newer = position }
        newest = position
        if oldest == nil { oldest = position }
    }
}
