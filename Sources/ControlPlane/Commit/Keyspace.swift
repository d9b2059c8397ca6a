import Crypto
import Documents
package import Etcd

/// The keys of this server in etcd, and the prefix that covers them and Calico's keys.
package enum Keyspace {
    /// The common prefix of Calico's keys and this server's keys. One watch follows all these keys.
    package static let watchPrefix: EtcdKey = "/calico"
    package static let root = "/calico-policy-server/v1/"
    /// The number and the running hash of the last accepted change. Every transaction that commits a change compares
    /// and writes this key.
    package static let head = EtcdKey(root + "head")
    package static let journalPrefix = root + "journal/"

    /// The prefix of the keys that hold the anchors of all ledgers, and the checkpoints that contradict a ledger.
    package static let anchorPrefix = EtcdKey(root + "checkpoint/")

    /// Returns the name of the ledger whose anchor is stored under `key`; nil if `key` is not the key of an anchor.
    package static func ledger(ofAnchor key: EtcdKey) -> String? {
        let (text, prefix) = (key.description, anchorPrefix.description)
        guard text.hasPrefix(prefix) else { return nil }
        let name = text.dropFirst(prefix.count)
        return name.isEmpty || name.contains("/") ? nil : String(name)
    }

    /// Returns the key of a ledger's newest signed checkpoint. The checkpoint reveals a rewrite of the ledger's file.
    package static func anchor(ledger: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger)
    }

    /// Returns the prefix of the keys that hold the checkpoints that contradict a ledger. After the prefix, each key
    /// has `mismatch-` and a name; see `evidence`.
    package static func evidencePrefix(ledger: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger + "/")
    }

    package static func evidence(ledger: String, name: String) -> EtcdKey {
        EtcdKey(root + "checkpoint/" + ledger + "/mismatch-" + name)
    }

    package static let pendingPrefix = root + "pending/"

    /// Returns the path of the key that holds the change `id` while the change waits for a second person.
    static func pendingPath(_ id: ChangeID) -> String { pendingPrefix + id.text }

    /// Returns the key of the journal entry of the change `id`. The entry names the author of the change and the keys
    /// that the change wrote.
    package static func journal(_ id: ChangeID) -> EtcdKey { EtcdKey(journalPrefix + id.text) }
}

extension ChangeID {
    /// Reads the change id from the key of a journal entry. Returns nil for any other key.
    init?(journalKey key: EtcdKey) {
        guard let text = key.string, text.hasPrefix(Keyspace.journalPrefix) else { return nil }
        self.init(String(text.dropFirst(Keyspace.journalPrefix.count)))
    }
}

extension ChangeID {
    /// Reads the change id from the key of a pending change. Returns nil for any other key.
    init?(pendingKey path: String) {
        guard path.hasPrefix(Keyspace.pendingPrefix) else { return nil }
        self.init(String(path.dropFirst(Keyspace.pendingPrefix.count)))
    }
}

/// The format version of a value that this server stores in etcd. The member `v` of the value contains the version.
enum FormatVersion: Equatable {
    case known
    case later(Int64)
    case malformed

    /// - Parameter known: The latest version that this program can read. A value without the member `v` has version 1.
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
