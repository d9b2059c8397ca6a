import Crypto
import Documents
package import Etcd

/// This server's keys in etcd, and the prefix that covers them and Calico's keys.
package enum Keyspace {
    /// The prefix of Calico's keys and of this server's. One watch follows all of them.
    package static let watchPrefix: EtcdKey = "/calico"
    package static let root = "/calico-policy-server/v1/"
    /// Number and running hash of the last accepted change; every transaction compares and writes it.
    package static let head = EtcdKey(root + "head")
    package static let journalPrefix = root + "journal/"

    /// The prefix of the ledgers' anchors and of their evidence.
    package static let anchorPrefix = EtcdKey(root + "checkpoint/")

    /// Returns the ledger whose anchor lies under `key`; nil for any other key.
    package static func ledger(ofAnchor key: EtcdKey) -> String? {
        let (text, prefix) = (key.description, anchorPrefix.description)
        guard text.hasPrefix(prefix) else { return nil }
        let name = text.dropFirst(prefix.count)
        return name.isEmpty || name.contains("/") ? nil : String(name)
    }

    /// The key of a ledger's newest signed checkpoint. It reveals a rewrite of the ledger's file.
    package static func anchor(ledger: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger)
    }

    /// The prefix of the checkpoints that contradict a ledger. Each is named `mismatch-<size>`.
    package static func evidencePrefix(ledger: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger + "/")
    }

    package static func evidence(ledger: String, name: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger + "/mismatch-" + name)
    }

    /// The journal entry of the change `id`: its author and the keys it wrote.
    package static func journal(_ id: ChangeID) -> EtcdKey { EtcdKey(journalPrefix + id.text) }
}

extension ChangeID {
    /// The change whose journal entry lies under `key`; nil for any other key.
    init?(journalKey key: EtcdKey) {
        guard let text = key.string, text.hasPrefix(Keyspace.journalPrefix) else { return nil }
        self.init(String(text.dropFirst(Keyspace.journalPrefix.count)))
    }
}

/// The member `v` of a value that this server keeps in etcd.
enum FormatVersion: Equatable {
    case known
    case later(Int64)
    case malformed

    /// - Parameter known: the latest version that this program reads; an absent member is version 1.
    init(_ value: JSONValue, known: Int64) {
        guard let member = value["v"] else {
            self = .known
            return
        }
        guard let number = member.numberValue?.int64, number >= 1 else {
            self = .malformed
            return
        }
        self = number <= known ? .known : .later(number)
    }
}
