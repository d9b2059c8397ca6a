package import Calico
import Etcd

/// A key whose changes become rows of the ledger. The mirror stores the values of these keys in full.
package enum AuditedKey: Hashable, Sendable {
    /// An object of Calico. Its kind is one of `MirrorState.kinds`.
    case resource(ResourceKey)
    /// A change that waits for a second person.
    case pending(ChangeID)

    /// Returns nil for a key that is not audited.
    init?(_ key: EtcdKey) {
        guard let path = key.string else { return nil }
        if let resource = ResourceKey(path: path) {
            guard MirrorState.kinds.contains(resource.kind) else { return nil }
            self = .resource(resource)
        } else if let id = ChangeID(pendingKey: path) {
            self = .pending(id)
        } else {
            return nil
        }
    }

    package var path: String {
        switch self {
        case .resource(let key): key.path
        case .pending(let id): Keyspace.pendingPath(id)
        }
    }

    /// The object of Calico; nil for a pending change.
    var resource: ResourceKey? { if case .resource(let key) = self { key } else { nil } }

    /// The prefixes that cover all audited keys.
    static let prefixes = MirrorState.kinds.map(ResourceKey.prefix) + [Keyspace.pendingPrefix]
}
