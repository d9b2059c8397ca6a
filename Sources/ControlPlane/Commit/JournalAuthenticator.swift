import Crypto
import Documents
import Domain
import Etcd

/// A secret key that all servers of one etcd share. A signed journal entry contains the id of its key.
package struct JournalKey: Sendable, Equatable {
    /// The id of the key: 1 to 32 letters, digits, `.`, `_` and `-`.
    package let id: String
    let secret: SymmetricKey

    /// The minimum length of a secret in bytes: the output length of SHA-256 (RFC 2104 section 3).
    package static let minimumBytes = 32

    /// Returns nil if `id` is not 1 to 32 letters, digits, `.`, `_` and `-`, or if `secret` has fewer bytes than
    /// `minimumBytes`.
    package init?(id: String, secret: [UInt8]) {
        guard id.isPlainIdentifier(maximumBytes: 32), secret.count >= Self.minimumBytes else {
            return nil
        }
        self.id = id
        self.secret = SymmetricKey(data: secret)
    }
}

extension JournalKey: CustomStringConvertible, CustomReflectable {
    /// The description for logs. It contains only the id, because the secret must not be printed.
    package var description: String { "journal key \(id)" }
    package var customMirror: Swift.Mirror { Swift.Mirror(self, children: ["id": id]) }
}

/// The proof that a server made a journal entry: HMAC-SHA-256 (RFC 2104) over the change's id and the entry's
/// canonical form (RFC 8785) without the proof.
///
/// The entry holds the digest of every value that its change wrote, and the revision of `head` that its transaction
/// compared. So the proof is valid for these values in this transaction only.
package struct JournalSeal: Sendable, Equatable {
    package var keyID: String
    /// The HMAC as 64 lower-case hex digits.
    package var code: String

    init(keyID: String, code: String) {
        self.keyID = keyID
        self.code = code
    }

    /// Reads a seal from `value`, the member `mac` of a stored object. Returns nil if `value` does not have the form of
    /// a seal.
    init?(_ value: JSONValue) {
        guard let keyID = value["key"]?.stringValue, let code = value["value"]?.stringValue else {
            return nil
        }
        self.init(keyID: keyID, code: code)
    }

    var document: JSONValue { ["key": .string(keyID), "value": .string(code)] }

    /// Returns the bytes that the seal of a journal entry authenticates.
    static func message(_ id: ChangeID, _ entry: JSONObject) -> [UInt8] {
        message("journal entry", id, entry)
    }

    /// Returns the bytes that the seal of a pending change authenticates. They differ from the bytes of every journal
    /// entry, so the seal of a pending change is never valid for a journal entry.
    static func message(pending id: ChangeID, _ record: JSONObject) -> [UInt8] {
        message("pending change", id, record)
    }

    private static func message(
        _ purpose: String, _ id: ChangeID, _ value: JSONObject
    ) -> [UInt8] {
        var value = value
        value["mac"] = nil
        return Array("policy-server \(purpose)\n\(id.text)\n".utf8)
            + JSONSerializer.canonical(.object(value))
    }

    init(signing message: [UInt8], _ key: JournalKey) {
        let code = HMAC<SHA256>.authenticationCode(for: message, using: key.secret)
        self.init(keyID: key.id, code: AuditHash(code)?.description ?? "")
    }

    func isValid(for message: [UInt8], _ key: JournalKey) -> Bool {
        Hex.bytes(code).map {
            HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: message, using: key.secret)
        } ?? false
    }
}

/// Signs journal entries and verifies stored ones.
package struct JournalAuthenticator: Sendable {
    private let source: @Sendable () -> [JournalKey]

    package init(_ keys: [JournalKey] = []) { source = { keys } }

    /// - Parameter source: A closure that returns the keys. It is called for each entry, so that the keys may change
    ///   while the server runs. It must never return an empty array, because the server believes every entry if
    ///   there are no keys.
    package init(reading source: @escaping @Sendable () -> [JournalKey]) { self.source = source }

    /// The current keys. The first one signs, and all of them verify. Without keys, every readable entry is believed.
    package var keys: [JournalKey] { source() }

    package var isOn: Bool { !keys.isEmpty }

    /// Reads the value that is stored under the journal key of the change `id`. Any bytes are allowed.
    package func read(_ id: ChangeID, _ bytes: [UInt8]) -> JournalReading {
        guard isOn, let value = try? JSONParser.parse(bytes) else {
            return JournalReading(bytes: bytes)
        }
        let reading = JournalReading(value)
        guard let entry = reading.entry, let object = value.objectValue else { return reading }
        guard let problem = problem(id, entry, object) else { return reading }
        return .doubtful(JournalDoubt(.notAuthentic(problem), claim: entry))
    }

    /// Reads the journal entry in `keyValue`. Returns nil if the key is not the key of a journal entry.
    func read(_ keyValue: KeyValue) -> (id: ChangeID, reading: JournalReading)? {
        ChangeID(journalKey: keyValue.key).map { ($0, read($0, keyValue.value)) }
    }

    /// Prepares the signature of `entry`: stores the digests of `writes`, the signing key and the change id in `entry`.
    /// `JournalEntry.bytes` makes the signature later, because the writer still has to set `headRevision`. Does nothing
    /// if there are no keys.
    package func seal(_ entry: inout JournalEntry, _ id: ChangeID, _ writes: [ObjectWrite]) {
        guard let key = keys.first else { return }
        entry.digests = writes.map { $0.bytes.map(JournalEntry.digest) }
        entry.signer = JournalEntry.Signer(key: key, id: id)
    }

    /// Adds the proof that a server made this record of the pending change `id`.
    func seal(_ record: inout JSONObject, pending id: ChangeID) {
        guard let key = keys.first else { return }
        record["mac"] = JournalSeal(signing: JournalSeal.message(pending: id, record), key).document
    }

    /// Returns true if a server with one of the keys made this record of the pending change `id`, or if authentication
    /// is off.
    func isAuthentic(_ record: JSONObject, pending id: ChangeID) -> Bool {
        guard isOn else { return true }
        guard let seal = record["mac"].flatMap(JournalSeal.init),
            let key = keys.first(where: { $0.id == seal.keyID })
        else { return false }
        return seal.isValid(for: JournalSeal.message(pending: id, record), key)
    }

    /// Returns the reason why `entry` is not valid for the transaction that wrote the entry. Returns nil if the entry
    /// is valid, or if authentication is off.
    ///
    /// - Parameter before: The mod_revision of `head` before the transaction; nil if unknown.
    func problem(
        _ entry: JournalEntry, before: Int64?, value: (String) -> [UInt8]?
    ) -> String? {
        guard isOn else { return nil }
        if let before, let after = entry.headRevision, after != before {
            return "it was made for a different revision"
        }
        let isSame = zip(entry.keys, entry.digests).allSatisfy { key, digest in
            value(key).map(JournalEntry.digest) == digest
        }
        return isSame ? nil : "it was made for different values"
    }

    private func problem(_ id: ChangeID, _ entry: JournalEntry, _ object: JSONObject) -> String? {
        guard let seal = entry.seal else { return "it is not signed" }
        guard let key = keys.first(where: { $0.id == seal.keyID }) else {
            return "it is signed with a key that this server does not have"
        }
        guard seal.isValid(for: JournalSeal.message(id, object), key) else {
            return "its signature is wrong"
        }
        guard entry.digests.count == entry.keys.count else {
            return "it does not say which values it was made for"
        }
        return nil
    }
}

extension JournalEntry {
    /// The key and the change id with which an entry is signed when it is serialised.
    struct Signer: Sendable, Equatable {
        var key: JournalKey
        var id: ChangeID

        func seal(_ entry: JSONObject) -> JournalSeal {
            JournalSeal(signing: JournalSeal.message(id, entry), key)
        }
    }

    /// Returns the SHA-256 of a value as 64 lower-case hex digits.
    static func digest(_ bytes: [UInt8]) -> String {
        AuditHash(SHA256.hash(data: bytes))?.description ?? ""
    }
}
