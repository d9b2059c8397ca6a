import Crypto
package import Domain

/// RFC 6962 section 2.1 over any store of complete subtrees: roots and proofs of a tree of any size.
///
/// Leaves are numbered from 0. A subtree of height h and index i holds the 2^h leaves from i * 2^h on.
package struct MerkleTree {
    /// The root of a complete subtree.
    package let subtree: (_ height: Int, _ index: Int64) throws -> AuditHash

    package init(subtree: @escaping (_ height: Int, _ index: Int64) throws -> AuditHash) {
        self.subtree = subtree
    }

    /// MTH of the first `size` leaves (section 2.1).
    package func root(size: Int64) throws -> AuditHash {
        size == 0 ? .emptyRoot : try root(0..<size)
    }

    /// PATH(m, D[n]) (section 2.1.1), the leaf's own sibling first; `index` must be below `size`.
    package func inclusionProof(index: Int64, size: Int64) throws -> [AuditHash] {
        try path(to: index, in: 0..<size)
    }

    /// PROOF(m, D[n]) (section 2.1.2); empty when the sizes are equal or `first` is 0.
    package func consistencyProof(from first: Int64, to size: Int64) throws -> [AuditHash] {
        guard first > 0, first < size else { return [] }
        return try proof(first, in: 0..<size, isWhole: true)
    }

    private func path(to index: Int64, in range: Range<Int64>) throws -> [AuditHash] {
        guard range.count > 1 else { return [] }
        let middle = Self.middle(range)
        return index < middle
            ? try path(to: index, in: range.lowerBound..<middle)
                + [root(middle..<range.upperBound)]
            : try path(to: index, in: middle..<range.upperBound)
                + [root(range.lowerBound..<middle)]
    }

    /// SUBPROOF(m, D[n], b), where `end` is m counted from the first leaf of all and `isWhole` is b.
    private func proof(_ end: Int64, in range: Range<Int64>, isWhole: Bool) throws -> [AuditHash] {
        if end == range.upperBound { return isWhole ? [] : [try root(range)] }
        let middle = Self.middle(range)
        return end <= middle
            ? try proof(end, in: range.lowerBound..<middle, isWhole: isWhole)
                + [root(middle..<range.upperBound)]
            : try proof(end, in: middle..<range.upperBound, isWhole: false)
                + [root(range.lowerBound..<middle)]
    }

    /// MTH of a range that the recursion reaches: all its complete subtrees, folded from the right.
    private func root(_ range: Range<Int64>) throws -> AuditHash {
        var result: AuditHash?
        for (height, index) in Self.subtrees(range).reversed() {
            let left = try subtree(height, index)
            result = result.map { .node(left, $0) } ?? left
        }
        return result ?? .emptyRoot
    }

    /// From left to right; the range begins at a multiple of its largest power of two.
    private static func subtrees(_ range: Range<Int64>) -> [(height: Int, index: Int64)] {
        var start = range.lowerBound
        var subtrees: [(height: Int, index: Int64)] = []
        while start < range.upperBound {
            let height = 63 - (range.upperBound - start).leadingZeroBitCount
            subtrees.append((height, start >> Int64(height)))
            start += 1 << Int64(height)
        }
        return subtrees
    }

    /// Where RFC 6962 splits: the largest power of two below the count lies left of it.
    private static func middle(_ range: Range<Int64>) -> Int64 {
        let count = range.upperBound - range.lowerBound
        return range.lowerBound + 1 << Int64(63 - (count - 1).leadingZeroBitCount)
    }
}

extension MerkleTree {
    /// Returns the root over `nodes`: a power of two of them, or the last part of a tree.
    package static func root(of nodes: [AuditHash]) -> AuditHash {
        var level = nodes
        while level.count > 1 {
            var above: [AuditHash] = []
            above.reserveCapacity((level.count + 1) / 2)
            for index in stride(from: 0, to: level.count - 1, by: 2) {
                above.append(.node(level[index], level[index + 1]))
            }
            // RFC 6962 moves a node without a sibling up unchanged.
            if !level.count.isMultiple(of: 2) { above.append(level[level.count - 1]) }
            level = above
        }
        return level.first ?? .emptyRoot
    }
}

/// The two hashes of RFC 6962 section 2.1; a leaf's data is the 32 bytes of a row's `hash`.
extension AuditHash {
    /// SHA-256(0x00 || hash of the row).
    static func leaf(_ row: AuditHash) -> AuditHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + byteCount, alignment: 1) { buffer in
            buffer[0] = 0
            row.copy(to: buffer, at: 1)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// SHA-256(0x01 || left || right).
    static func node(_ left: AuditHash, _ right: AuditHash) -> AuditHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { buffer in
            buffer[0] = 1
            left.copy(to: buffer, at: 1)
            right.copy(to: buffer, at: 1 + byteCount)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    static let emptyRoot = hash(UnsafeRawBufferPointer(start: nil, count: 0))

    /// SHA-256 of `bytes`.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> AuditHash {
        var digest = SHA256()
        digest.update(bufferPointer: bytes)
        return AuditHash(digest.finalize()) ?? .zero
    }

    private func copy(to buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        bytes.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: $0)
        }
    }
}

/// The complete subtrees of a growing tree, the largest first: enough to know its root at every step.
struct CompactRange: Sendable {
    /// Heights above that of the first level appended.
    private var subtrees: [(height: Int, root: AuditHash)] = []
    /// Nodes appended so far.
    private(set) var count: Int64 = 0

    /// Appends a node, and names each larger subtree that it completes by height and index.
    mutating func append(
        _ node: AuditHash, onComplete: (_ height: Int, _ index: Int64, AuditHash) -> Void
    ) {
        var (height, root) = (0, node)
        count += 1
        while let last = subtrees.last, last.height == height {
            root = .node(last.root, root)
            height += 1
            subtrees.removeLast()
            onComplete(height, (count >> Int64(height)) - 1, root)
        }
        subtrees.append((height, root))
    }

    /// The root with `part`, which is smaller than a node, at the end.
    func root(with part: AuditHash?) -> AuditHash {
        var root = part
        for subtree in subtrees.reversed() {
            root = root.map { .node(subtree.root, $0) } ?? subtree.root
        }
        return root ?? .emptyRoot
    }
}
