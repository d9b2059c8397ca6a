import Crypto
import Domain

/// The value of `head`: what all replicas agree was the last accepted change.
package struct Head: Sendable, Equatable {
    /// Changes accepted so far, by any replica.
    package var seq: Int64
    /// The last of them; empty before the first.
    package var changeID: String
    /// Running SHA-256 over all of them, 64 hex digits; see `next`.
    package var hash: String

    package static let initial = Head(
        seq: 0, changeID: "", hash: String(repeating: "0", count: 64))

    package init(seq: Int64, changeID: String, hash: String) {
        self.seq = seq
        self.changeID = changeID
        self.hash = hash
    }

    /// Nil when the bytes are no head of this version.
    package init?(bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes),
            let seq = value["seq"]?.numberValue?.int64,
            let changeID = value["changeId"]?.stringValue,
            let hash = value["hash"]?.stringValue
        else { return nil }
        self.init(seq: seq, changeID: changeID, hash: hash)
    }

    package var bytes: [UInt8] {
        JSONSerializer.bytes([
            "seq": .number(JSONNumber(seq)), "changeId": .string(changeID), "hash": .string(hash),
        ])
    }

    /// The head after one more change: the hash covers the one before, the change's id and every
    /// key with the value written (nothing for a deletion), each preceded by its length.
    func next(changeID: ChangeID, writes: [ObjectWrite]) -> Head {
        var digest = SHA256()
        func add(_ bytes: [UInt8]) {
            digest.update(data: Array("\(bytes.count):".utf8))
            digest.update(data: bytes)
        }
        add(Array(hash.utf8))
        add(Array(changeID.text.utf8))
        for write in writes {
            add(Array(write.path.utf8))
            add(write.bytes ?? [])
        }
        let hex = AuditHash(digest.finalize())?.description ?? ""
        return Head(seq: seq + 1, changeID: changeID.text, hash: hex)
    }
}
