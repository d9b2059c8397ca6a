import Crypto
package import Domain

/// A reference implementation of Merkle trees, with the recursive definitions of RFC 6962 section 2.1, and with the
/// verification of RFC 9162 sections 2.1.3.2 and 2.1.4.2. It is slow, and shares no code with the tested
/// implementation.
package enum RFC6962 {
    package static func leaf(_ data: [UInt8]) -> AuditHash { sha256([0] + data) }

    package static func node(_ left: AuditHash, _ right: AuditHash) -> AuditHash {
        sha256([1] + left.bytes + right.bytes)
    }

    /// Returns the root of the tree over the leaf hashes (MTH in RFC 6962).
    package static func root(_ leaves: [AuditHash]) -> AuditHash {
        guard leaves.count > 1 else { return leaves.first ?? sha256([]) }
        let split = split(leaves.count)
        return node(root(Array(leaves[..<split])), root(Array(leaves[split...])))
    }

    /// Returns the inclusion proof for the leaf at `index` (PATH in RFC 6962).
    package static func path(_ index: Int, _ leaves: [AuditHash]) -> [AuditHash] {
        guard leaves.count > 1 else { return [] }
        let split = split(leaves.count)
        let (left, right) = (Array(leaves[..<split]), Array(leaves[split...]))
        return index < split
            ? path(index, left) + [root(right)] : path(index - split, right) + [root(left)]
    }

    /// Returns the root that follows from an inclusion proof; nil if the proof has the wrong length.
    package static func root(leaf: AuditHash, index: Int, size: Int, path: [AuditHash])
        -> AuditHash?
    {
        guard index < size else { return nil }
        var (fn, sn, result) = (index, size - 1, leaf)
        for hash in path {
            guard sn > 0 else { return nil }
            if fn % 2 == 1 || fn == sn {
                result = node(hash, result)
                while fn % 2 == 0, fn > 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                result = node(result, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        return sn == 0 ? result : nil
    }

    /// Returns true if `proof` shows that the tree of `first` leaves is a prefix of the tree of `second` leaves.
    package static func isConsistent(
        _ first: Int, _ firstRoot: AuditHash, _ second: Int, _ secondRoot: AuditHash,
        proof: [AuditHash]
    ) -> Bool {
        if first == second { return proof.isEmpty && firstRoot == secondRoot }
        let isPower = first & (first - 1) == 0
        var path = (isPower ? [firstRoot] : []) + proof
        guard !path.isEmpty else { return false }
        var (fn, sn) = (first - 1, second - 1)
        while fn % 2 == 1 { (fn, sn) = (fn >> 1, sn >> 1) }
        var (fr, sr) = (path[0], path.removeFirst())
        for hash in path {
            guard sn > 0 else { return false }
            if fn % 2 == 1 || fn == sn {
                (fr, sr) = (node(hash, fr), node(hash, sr))
                while fn % 2 == 0, fn > 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                sr = node(sr, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        return sn == 0 && fr == firstRoot && sr == secondRoot
    }

    /// Returns the largest power of two that is smaller than `count`.
    private static func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }

    private static func sha256(_ bytes: [UInt8]) -> AuditHash {
        AuditHash(SHA256.hash(data: bytes)) ?? .zero
    }
}
