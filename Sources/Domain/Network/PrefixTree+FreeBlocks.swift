extension PrefixTree {
    /// The prefix length of the largest free block in a block of `length` bits that holds just the
    /// subtree `index`.
    func free(_ index: Int32, in length: Int) -> UInt8 {
        guard index != Self.none else { return UInt8(length) }
        let node = nodes[Int(index)]
        // The half without the subtree is free.
        return Int(node.length) > length ? UInt8(length + 1) : node.free
    }

    /// The first block of `wanted` bits in the block that no payload touches and that does not begin
    /// before `start`. Takes a number of steps in the order of the key's width, however full the tree is:
    /// `free` says for each half whether it is worth a look, and only the half that `start` cuts can disappoint.
    func firstFree(_ wanted: Int, in prefix: Key, _ length: Int, from start: Key) -> Key? {
        guard wanted >= length else { return nil }
        let (subtree, isCovered) = subtree(prefix, length)
        return isCovered ? nil : firstFree(wanted, prefix, length, subtree, from: start)
    }

    private func firstFree(
        _ wanted: Int, _ prefix: Key, _ length: Int, _ subtree: Int32, from start: Key
    ) -> Key? {
        guard Int(free(subtree, in: length)) <= wanted else { return nil }
        let last = prefix | ~Self.cut(.max, length)
        guard last >= start else { return nil }
        if length == wanted { return prefix >= start ? prefix : nil }
        if subtree == Self.none { return aligned(wanted, prefix, last, from: start) }
        let (low, high) = halves(subtree, length)
        if let found = firstFree(wanted, prefix, length + 1, low, from: start) { return found }
        let middle = prefix | (Key(1) << (Key.bitWidth - 1 - length))
        return firstFree(wanted, middle, length + 1, high, from: start)
    }

    /// The first block of `wanted` bits at or behind both `prefix` and `start`, up to `last`.
    private func aligned(_ wanted: Int, _ prefix: Key, _ last: Key, from start: Key) -> Key? {
        guard start > prefix else { return prefix }
        let floor = Self.cut(start, wanted)
        if floor == start { return floor }
        let size = Key(1) << (Key.bitWidth - wanted)
        let (next, overflow) = floor.addingReportingOverflow(size)
        return overflow || next > last ? nil : next
    }

    /// The subtrees of the lower and the upper half of a block that holds just the subtree `index`.
    private func halves(_ index: Int32, _ length: Int) -> (low: Int32, high: Int32) {
        let node = nodes[Int(index)]
        if Int(node.length) == length { return (node.low, node.high) }
        return Self.bit(node.prefix, length) ? (Self.none, index) : (index, Self.none)
    }
}
