/// A path-compressed binary tree over the prefixes of one IP family. Each prefix has a number, the payload.
///
/// All nodes are in one array and refer to each other by index, so that a copy of the tree is cheap. A node uses 20
/// bytes (IPv4) or 32 bytes (IPv6). A prefix uses at most two nodes.
struct RadixTree<Key: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    struct Node {
        /// The prefix, left-aligned. The bits after `length` are zero.
        var prefix: Key
        /// The index of the child whose first bit after this prefix is 0 (`low`) or 1 (`high`); `none` if there is no
        /// such child.
        var low: Int32
        var high: Int32
        /// The payload of the prefix; `none` if the node only branches.
        var payload: Int32
        var length: UInt8
        /// The prefix length of the largest free block inside this node's prefix; `full` if there is no free block. A
        /// block is free if no prefix with a payload overlaps it.
        var free: UInt8
    }

    /// The number that stands for an absent node or an absent payload.
    static var none: Int32 { -1 }
    /// The value of `free` in a full node. It is greater than any prefix length.
    static var full: UInt8 { .max }

    private(set) var nodes: [Node] = []
    private(set) var root = Self.none
    /// The index of the first unused node; `none` if there is none. The unused nodes form a list that is linked through
    /// `low`.
    private var unused = Self.none

    /// Returns the payload of exactly this prefix; `none` if the prefix has no payload.
    func payload(_ prefix: Key, _ length: Int) -> Int32 {
        var index = root
        while index != Self.none {
            let node = nodes[Int(index)]
            guard Int(node.length) <= length, Self.matches(node, prefix) else { break }
            if Int(node.length) == length { return node.payload }
            index = Self.bit(prefix, Int(node.length)) ? node.high : node.low
        }
        return Self.none
    }

    /// Sets the payload of a prefix. If `payload` is `none`, removes the prefix.
    mutating func setPayload(_ payload: Int32, _ prefix: Key, _ length: Int) {
        root =
            payload == Self.none
            ? removing(prefix, length, below: root)
            : inserting(payload, prefix, length, below: root)
    }

    /// Returns the root of the subtree that holds all prefixes inside the block of `prefix` and `length`; `none` if
    /// there are no such prefixes. `isCovered` is true if one prefix with a payload contains the whole block.
    func subtree(_ prefix: Key, _ length: Int) -> (root: Int32, isCovered: Bool) {
        var index = root
        var isCovered = false
        while index != Self.none {
            let node = nodes[Int(index)]
            if Int(node.length) >= length {
                let isInside = Self.commonLength(node.prefix, prefix) >= length
                let isBlock = Int(node.length) == length && node.payload != Self.none
                return isInside ? (index, isCovered || isBlock) : (Self.none, isCovered)
            }
            guard Self.matches(node, prefix) else { break }
            isCovered = isCovered || node.payload != Self.none
            index = Self.bit(prefix, Int(node.length)) ? node.high : node.low
        }
        return (Self.none, isCovered)
    }

    /// Returns the node of the largest prefix that contains the block of `prefix` and `length`. If no prefix contains
    /// the block, returns the node of the first prefix inside the block. Returns nil if the block is free.
    func firstOverlap(_ prefix: Key, _ length: Int) -> Node? {
        var index = root
        while index != Self.none {
            let node = nodes[Int(index)]
            let shared = Self.commonLength(node.prefix, prefix)
            guard shared >= min(Int(node.length), length) else { return nil }
            if node.payload != Self.none { return node }
            // The node only branches. Above the block, the bits of the block choose the child. Inside the block, every
            // prefix overlaps the block, and the low child has the first of these prefixes.
            index =
                Int(node.length) < length && Self.bit(prefix, Int(node.length))
                ? node.high : node.low
        }
        return nil
    }

    /// Calls `body` with each prefix that contains the block of `prefix` and `length`, until `body` returns false. The
    /// largest prefix comes first and the block itself last.
    func forEachContaining(_ prefix: Key, _ length: Int, _ body: (Node) -> Bool) {
        var index = root
        while index != Self.none {
            let node = nodes[Int(index)]
            guard Int(node.length) <= length, Self.matches(node, prefix) else { return }
            if node.payload != Self.none, !body(node) { return }
            guard Int(node.length) < length else { return }
            index = Self.bit(prefix, Int(node.length)) ? node.high : node.low
        }
    }

    /// Calls `body` with each prefix in the subtree `start`, in order, until `body` returns false.
    func forEach(below start: Int32, _ body: (Node) -> Bool) {
        var pending = [start]
        while let index = pending.popLast() {
            guard index != Self.none else { continue }
            let node = nodes[Int(index)]
            if node.payload != Self.none, !body(node) { return }
            // The low child is pushed last, so that it is visited first.
            pending.append(node.high)
            pending.append(node.low)
        }
    }
}

extension RadixTree {
    static func bit(_ prefix: Key, _ position: Int) -> Bool {
        prefix & (Key(1) << (Key.bitWidth - 1 - position)) != 0
    }

    static func commonLength(_ lhs: Key, _ rhs: Key) -> Int { (lhs ^ rhs).leadingZeroBitCount }

    /// Returns the prefix cut to its first `length` bits.
    static func cut(_ prefix: Key, _ length: Int) -> Key {
        length == 0 ? 0 : prefix & (Key.max << (Key.bitWidth - length))
    }

    /// Returns true if `prefix` starts with the bits of `node`.
    static func matches(_ node: Node, _ prefix: Key) -> Bool {
        commonLength(node.prefix, prefix) >= Int(node.length)
    }
}

extension RadixTree {
    /// Inserts a payload into the subtree with the root `index`. Returns the new root of the subtree. The depth of the
    /// recursion is at most the number of bits in the key.
    private mutating func inserting(
        _ payload: Int32, _ prefix: Key, _ length: Int, below index: Int32
    ) -> Int32 {
        guard index != Self.none else { return add(prefix, length, payload) }
        let node = nodes[Int(index)]
        let common = min(
            Self.commonLength(node.prefix, prefix), min(Int(node.length), length))
        if common == Int(node.length) {
            if common == length {
                nodes[Int(index)].payload = payload
            } else if Self.bit(prefix, common) {
                let child = inserting(payload, prefix, length, below: node.high)
                nodes[Int(index)].high = child
            } else {
                let child = inserting(payload, prefix, length, below: node.low)
                nodes[Int(index)].low = child
            }
            updateFree(index)
            return index
        }
        let isBlockAbove = common == length
        let parent = add(Self.cut(prefix, common), common, isBlockAbove ? payload : Self.none)
        attach(index, to: parent)
        if !isBlockAbove { attach(add(prefix, length, payload), to: parent) }
        updateFree(parent)
        return parent
    }

    /// Removes the payload of a prefix from the subtree with the root `index`. Returns the new root of the subtree.
    private mutating func removing(_ prefix: Key, _ length: Int, below index: Int32) -> Int32 {
        guard index != Self.none else { return Self.none }
        let node = nodes[Int(index)]
        guard Int(node.length) <= length, Self.matches(node, prefix) else { return index }
        if Int(node.length) == length {
            nodes[Int(index)].payload = Self.none
        } else if Self.bit(prefix, Int(node.length)) {
            let child = removing(prefix, length, below: node.high)
            nodes[Int(index)].high = child
        } else {
            let child = removing(prefix, length, below: node.low)
            nodes[Int(index)].low = child
        }
        return spliced(index)
    }

    /// Returns `index` if the node has a payload or two children. Otherwise removes the node and returns its only
    /// child, or `none`.
    private mutating func spliced(_ index: Int32) -> Int32 {
        let node = nodes[Int(index)]
        guard node.payload == Self.none, node.low == Self.none || node.high == Self.none else {
            updateFree(index)
            return index
        }
        nodes[Int(index)].low = unused
        unused = index
        return node.low == Self.none ? node.high : node.low
    }

    private mutating func add(_ prefix: Key, _ length: Int, _ payload: Int32) -> Int32 {
        let node = Node(
            prefix: prefix, low: Self.none, high: Self.none, payload: payload,
            length: UInt8(length), free: Self.full)
        guard unused != Self.none else {
            nodes.append(node)
            return Int32(nodes.count - 1)
        }
        let index = unused
        unused = nodes[Int(index)].low
        nodes[Int(index)] = node
        return index
    }

    private mutating func attach(_ child: Int32, to parent: Int32) {
        let length = Int(nodes[Int(parent)].length)
        if Self.bit(nodes[Int(child)].prefix, length) {
            nodes[Int(parent)].high = child
        } else {
            nodes[Int(parent)].low = child
        }
    }

    private mutating func updateFree(_ index: Int32) {
        let node = nodes[Int(index)]
        let length = Int(node.length)
        nodes[Int(index)].free =
            node.payload != Self.none
            ? Self.full : min(free(node.low, in: length + 1), free(node.high, in: length + 1))
    }
}

extension RadixTree {
    /// Returns the prefix length of the largest free block inside a block with a prefix of `length` bits; `full` if
    /// nothing is free. The subtree with the root `index` must hold all prefixes inside the block.
    func free(_ index: Int32, in length: Int) -> UInt8 {
        guard index != Self.none else { return UInt8(length) }
        let node = nodes[Int(index)]
        // If the node's prefix is longer than the block's prefix, all prefixes are in one half of the block. The other
        // half is then free.
        return Int(node.length) > length ? UInt8(length + 1) : node.free
    }

    /// Returns the first free block with a prefix of `wanted` bits that is inside the block of `prefix` and `length`
    /// and begins at or after `start`. Returns nil if there is no such block.
    ///
    /// The number of steps is proportional to the key's width and does not depend on the size of the tree. The search
    /// skips each half in which `free` shows no room. In a half with room, the search fails only if all of the room is
    /// before `start`. This can happen only in the half that contains `start`.
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

    /// Returns the first address of the first block with a prefix of `wanted` bits that begins at or after both
    /// `prefix` and `start`, and not after `last`. Returns nil if there is no such block.
    private func aligned(_ wanted: Int, _ prefix: Key, _ last: Key, from start: Key) -> Key? {
        guard start > prefix else { return prefix }
        let floor = Self.cut(start, wanted)
        if floor == start { return floor }
        let size = Key(1) << (Key.bitWidth - wanted)
        let (next, overflow) = floor.addingReportingOverflow(size)
        return overflow || next > last ? nil : next
    }

    /// Returns the subtrees of the lower and the upper half of a block with a prefix of `length` bits. The subtree with
    /// the root `index` must hold all prefixes inside the block.
    private func halves(_ index: Int32, _ length: Int) -> (low: Int32, high: Int32) {
        let node = nodes[Int(index)]
        if Int(node.length) == length { return (node.low, node.high) }
        return Self.bit(node.prefix, length) ? (Self.none, index) : (index, Self.none)
    }
}
