/// One condition of a transaction, on one key. An absent key has version, revisions and lease 0;
/// a comparison of an absent key's value is false.
package struct Compare: Hashable, Sendable {
    package enum Relation: Hashable, Sendable {
        case equal, notEqual, less, greater
    }

    package enum Target: Hashable, Sendable {
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value([UInt8])
        /// The lease's id; 0 for a key with none.
        case lease(Int64)
    }

    package var key: EtcdKey
    package var relation: Relation
    package var target: Target

    package init(_ key: EtcdKey, _ relation: Relation, _ target: Target) {
        self.key = key
        self.relation = relation
        self.target = target
    }

    /// The key does not exist.
    package static func absent(_ key: EtcdKey) -> Compare {
        Compare(key, .equal, .createRevision(0))
    }

    /// The key exists.
    package static func present(_ key: EtcdKey) -> Compare {
        Compare(key, .greater, .createRevision(0))
    }

    /// The key's last change is exactly this revision; 0 means the key does not exist.
    package static func unchanged(_ key: EtcdKey, since modRevision: Int64) -> Compare {
        Compare(key, .equal, .modRevision(modRevision))
    }
}
