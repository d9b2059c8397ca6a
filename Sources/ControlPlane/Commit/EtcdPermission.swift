import Calico
import Etcd

/// A permission of etcd's role-based access control that this server needs
/// (https://etcd.io/docs/v3.5/op-guide/authentication/rbac/).
package struct EtcdPermission: Sendable, Equatable {
    /// The raw values are the words of `etcdctl role grant-permission`.
    package enum Access: String, Sendable { case read, write }

    /// A key, or all keys that begin with a prefix.
    package enum Keys: Sendable, Equatable {
        case key(String)
        case prefix(String)

        /// The key, or the prefix of the keys.
        package var text: String {
            switch self {
            case .key(let text), .prefix(let text): text
            }
        }
    }

    package let access: Access
    package let keys: Keys

    /// All permissions that the server needs. A role with these permissions is enough for everything that the server
    /// does.
    ///
    /// The server needs to read all keys of Calico, because a single watch has to show the changes to all keys in the
    /// order of their revisions. etcd allows a watch only to a user who may read the whole range of the watch.
    package static let all =
        [EtcdPermission(access: .read, keys: .prefix(Keyspace.watchPrefix.description))]
        + written.map { EtcdPermission(access: .write, keys: $0) }

    /// The keys that the server writes. `WriteProbe` tests one key of each range.
    static let written: [Keys] =
        [
            .prefix(ResourceKey.prefix(.globalNetworkPolicy)),
            .prefix(ResourceKey.prefix(.networkPolicy) + RegionNamespace.prefix),
        ]
        + InventoryKey.prefixes.map { .prefix($0) }
        + InstallationResources.tiers.map {
            .key(InstallationResources.tierKey($0.name).path)
        } + [
            .key(InstallationResources.clusterInformationKey.path), .prefix(Keyspace.root),
        ]
}

extension EtcdPermission.Keys {
    /// A key for a test of the permission: the single key, or an unused key that begins with the prefix.
    var sample: EtcdKey {
        switch self {
        case .key(let text): EtcdKey(text)
        case .prefix(let text): EtcdKey(text + "policy-server-probe")
        }
    }
}
