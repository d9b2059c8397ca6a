import Crypto
import Documents
import Domain

/// The value of `head`. It identifies the last change that was accepted by any replica.
package struct Head: Sendable, Equatable {
    /// The number of changes that all replicas have accepted, 0 to `maximumSeq`.
    package var seq: Int64
    /// The id of the last accepted change; empty if there is no accepted change yet.
    package var changeID: String
    /// The running SHA-256 over all accepted changes, 64 hex digits; see `next`.
    package var hash: String

    package static let initial = Head(
        seq: 0, changeID: "", hash: String(repeating: "0", count: 64))

    /// The version of the format that this program writes. A value without a version has version 1.
    package static let version: Int64 = 1

    /// The largest integer that every JSON reader keeps exactly (RFC 8259 section 6). It is far below `Int64.max`, so
    /// adding the changes of one transaction never overflows.
    package static let maximumSeq: Int64 = (1 << 53) - 1

    package init(seq: Int64, changeID: String, hash: String) {
        self.seq = seq
        self.changeID = changeID
        self.hash = hash
    }

    package var bytes: [UInt8] {
        JSONSerializer.bytes([
            "v": .number(JSONNumber(Self.version)), "seq": .number(JSONNumber(seq)),
            "changeId": .string(changeID), "hash": .string(hash),
        ])
    }

    /// Returns the head after one more change. Its hash covers the previous hash, the change's id, and every key with
    /// the written value, which is empty for a deletion. Each part is preceded by its length, so that two different
    /// changes never give the same bytes.
    package func next(changeID: ChangeID, writes: [ObjectWrite]) -> Head {
        next(changeID: changeID, values: writes.map { ($0.path, $0.bytes) })
    }

    /// Returns the head after one more change, from values that were read from etcd. Nil bytes mean a deletion.
    package func next(changeID: ChangeID, values: [(path: String, bytes: [UInt8]?)]) -> Head {
        var digest = SHA256()
        func add(_ bytes: UnsafeBufferPointer<UInt8>) {
            var length = "\(bytes.count):"
            length.withUTF8 { digest.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            digest.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }
        func add(_ text: String) {
            var text = text
            text.withUTF8(add)
        }
        add(hash)
        add(changeID.text)
        for (path, bytes) in values {
            add(path)
            (bytes ?? []).withUnsafeBufferPointer(add)
        }
        let hex = AuditHash(digest.finalize())?.description ?? ""
        return Head(seq: seq + 1, changeID: changeID.text, hash: hex)
    }
}

/// The value of the key `head` in etcd.
package enum StoredHead: Sendable, Equatable {
    /// The key does not exist. No change was accepted yet, or someone deleted the key.
    case absent
    case valid(Head)
    /// A value on which this program cannot build the next head. The server never overwrites such a value, because
    /// overwriting would silently restart the chain of hashes.
    case unreadable(UnreadableHead)

    /// Reads the value of the key `head`. Any bytes are allowed.
    package init(bytes: [UInt8]) {
        func unreadable(_ reason: UnreadableHead.Reason) -> StoredHead {
            .unreadable(UnreadableHead(bytes: bytes, reason: reason))
        }
        guard let value = try? JSONParser.parse(bytes), value.objectValue != nil else {
            self = unreadable(.malformed("it is not a JSON object"))
            return
        }
        switch FormatVersion(value, known: Head.version) {
        case .known: break
        case .later(let version):
            self = unreadable(.laterVersion(version))
            return
        case .malformed:
            self = unreadable(.malformed("its version is not a whole number of at least 1"))
            return
        }
        guard let seq = value["seq"]?.numberValue?.int64, seq >= 0,
            let changeID = value["changeId"]?.stringValue,
            let hash = value["hash"]?.stringValue
        else {
            self = unreadable(.malformed("a member is missing or has the wrong type"))
            return
        }
        guard changeID.isEmpty ? seq == 0 : ChangeID(changeID) != nil else {
            self = unreadable(.malformed("its changeId is not a change id"))
            return
        }
        guard hash.utf8.count == 64, Hex.isLowerCase(hash) else {
            self = unreadable(.malformed("its hash is not 64 hex digits"))
            return
        }
        guard seq < Head.maximumSeq else {
            self = unreadable(.exhausted(seq))
            return
        }
        self = .valid(Head(seq: seq, changeID: changeID, hash: hash))
    }

    /// The head that the next change builds on; nil if the stored value is unreadable.
    package var head: Head? {
        switch self {
        case .absent: .initial
        case .valid(let head): head
        case .unreadable: nil
        }
    }
}

/// A value of the key `head` on which this program cannot build the next head. The value stays unchanged in etcd.
package struct UnreadableHead: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The value is malformed, for the given reason.
        case malformed(String)
        /// A later version of this program wrote the value.
        case laterVersion(Int64)
        /// The value's `seq` has reached `Head.maximumSeq`.
        case exhausted(Int64)
    }

    package var bytes: [UInt8]
    package var reason: Reason

    /// A description of the error in the value.
    package var problem: String {
        switch reason {
        case .malformed(let problem): "head in etcd cannot be read: \(problem)"
        case .laterVersion(let version):
            "head in etcd was written by a later version of this server (format \(version); this server knows "
                + "format \(Head.version))"
        case .exhausted(let seq): "the number in head in etcd has reached its limit: it is \(seq)"
        }
    }

    /// The advice for the operator.
    package var remedy: String {
        switch reason {
        case .laterVersion: "Install that version on this server."
        case .malformed, .exhausted:
            "Write its last good value back with etcdctl (audit rows of kind Ledger with the name head contain it), "
                + "or delete the key \(Keyspace.head). See docs/etcd.md, \"When head cannot be read\"."
        }
    }
}
