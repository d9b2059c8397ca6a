import Crypto
package import Domain

/// Computes roots and proofs of trees of any size (RFC 6962 section 2.1) from a store of complete subtrees.
///
/// Leaves are numbered from 0. A subtree with height h and index i holds 2^h leaves, beginning with leaf i *
/// 2^h.
package struct MerkleTree {
    /// The function that returns the root of a complete subtree.
    package let subtree: (_ height: Int, _ index: Int64) throws -> AuditHash

    package init(subtree: @escaping (_ height: Int, _ index: Int64) throws -> AuditHash) {
        self.subtree = subtree
    }

    /// Returns the root over the first `size` leaves, MTH in RFC 6962 section 2.1.
    package func root(size: Int64) throws -> AuditHash {
        size == 0 ? .emptyRoot : try root(0..<size)
    }

    /// Returns the proof that leaf `index` is in the tree over the first `size` leaves, PATH(m, D[n]) in RFC 6962
    /// section 2.1.1. The hash next to the leaf comes first. `index` must be below `size`.
    package func inclusionProof(index: Int64, size: Int64) throws -> [AuditHash] {
        try path(to: index, in: 0..<size)
    }

    /// Returns the proof that the tree of `first` leaves is the beginning of the tree of `size` leaves, PROOF(m,
    /// D[n]) in RFC 6962 section 2.1.2. The proof is empty if the sizes are equal or `first` is 0.
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

    /// Returns SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2. `end` is m, but counted from the first leaf of the
    /// whole tree. `isWhole` is b.
    private func proof(_ end: Int64, in range: Range<Int64>, isWhole: Bool) throws -> [AuditHash] {
        if end == range.upperBound { return isWhole ? [] : [try root(range)] }
        let middle = Self.middle(range)
        return end <= middle
            ? try proof(end, in: range.lowerBound..<middle, isWhole: isWhole)
                + [root(middle..<range.upperBound)]
            : try proof(end, in: middle..<range.upperBound, isWhole: false)
                + [root(range.lowerBound..<middle)]
    }

    /// Returns the root over the leaves of `range`, which must be one of the ranges in the recursion of RFC 6962.
    /// Combines the complete subtrees of `range` from right to left.
    private func root(_ range: Range<Int64>) throws -> AuditHash {
        var result: AuditHash?
        for (height, index) in Self.subtrees(range).reversed() {
            let left = try subtree(height, index)
            result = result.map { .node(left, $0) } ?? left
        }
        return result ?? .emptyRoot
    }

    /// Returns the complete subtrees of `range` from left to right. The lower bound of `range` must be a multiple
    /// of the largest power of two that is not greater than the number of leaves in `range`.
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

    /// Returns the index at which RFC 6962 splits `range`. The number of leaves in the left part is the largest
    /// power of two that is smaller than the number of leaves in `range`.
    private static func middle(_ range: Range<Int64>) -> Int64 {
        let count = range.upperBound - range.lowerBound
        return range.lowerBound + 1 << Int64(63 - (count - 1).leadingZeroBitCount)
    }
}

extension MerkleTree {
    /// Returns the root over `nodes`. The number of nodes must be a power of two, unless `nodes` are the last nodes
    /// of a tree.
    package static func root(of nodes: [AuditHash]) -> AuditHash {
        var level = nodes
        while level.count > 1 {
            var above: [AuditHash] = []
            above.reserveCapacity((level.count + 1) / 2)
            for index in stride(from: 0, to: level.count - 1, by: 2) {
                above.append(.node(level[index], level[index + 1]))
            }
            // Moves a node without a sibling up one level unchanged, as RFC 6962 requires.
            if !level.count.isMultiple(of: 2) { above.append(level[level.count - 1]) }
            level = above
        }
        return level.first ?? .emptyRoot
    }
}

/// The two hashes of RFC 6962 section 2.1. A leaf's data is the 32 bytes of a row's `hash`. The first hashed byte
/// is 0 for a leaf and 1 for an inner node, so that nobody can present an inner node as a leaf.
extension AuditHash {
    /// Returns SHA-256(0x00 || hash of the row).
    static func leaf(_ row: AuditHash) -> AuditHash {
        // The buffer is on the stack, because verification hashes every row, and an allocation for each row would
        // be slow.
        withUnsafeTemporaryAllocation(byteCount: 1 + byteCount, alignment: 1) { buffer in
            buffer[0] = 0
            row.copy(to: buffer, at: 1)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Returns SHA-256(0x01 || left || right).
    static func node(_ left: AuditHash, _ right: AuditHash) -> AuditHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { buffer in
            buffer[0] = 1
            left.copy(to: buffer, at: 1)
            right.copy(to: buffer, at: 1 + byteCount)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The root of the tree without leaves, which is SHA-256 of the empty string.
    static let emptyRoot = hash(UnsafeRawBufferPointer(start: nil, count: 0))

    /// Returns SHA-256 of `bytes`.
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

/// The complete subtrees of a growing tree. The root of the tree can be computed from them after every appended
/// node.
struct CompactRange: Sendable {
    /// The complete subtrees, the largest first. The height of an appended node counts as 0.
    private var subtrees: [(height: Int, root: AuditHash)] = []
    /// The number of appended nodes.
    private(set) var count: Int64 = 0

    /// Appends a node. Calls `onComplete` with the height, index and root of each larger subtree that becomes
    /// complete.
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

    /// Returns the root of the whole tree.
    ///
    /// - Parameter part: The root over the leaves after the last appended node; nil if there are none. These leaves
    ///   must be fewer than the leaves of one node.
    func root(with part: AuditHash?) -> AuditHash {
        var root = part
        for subtree in subtrees.reversed() {
            root = root.map { .node(subtree.root, $0) } ?? subtree.root
        }
        return root ?? .emptyRoot
    }
}
