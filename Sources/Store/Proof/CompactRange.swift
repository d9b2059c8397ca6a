import Domain

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
