import Calico
import Crypto
package import Documents
import Domain
import Etcd

/// The value of `journal/<changeId>`. The entry says who made a change and which keys the change wrote. The transaction
/// of the change also writes the entry.
package struct JournalEntry: Sendable, Equatable {
    /// True if the change was applied, false if it was given up. The entry of a change that was given up keeps etcd
    /// from applying a late transaction of the change.
    package var isAccepted: Bool
    /// The time of the change (RFC 3339, UTC).
    package var time: String
    package var context: ChangeContext
    /// The requested operation: `put`, `patch`, `delete`, `allocate`, `apply`, or the action on a pending change.
    package var verb: String
    package var kind: String
    package var name: String
    package var region: String?
    /// The effect on the object; nil if the change was given up.
    package var result: ChangeVerb?
    /// The written etcd keys except `head` and the journal. The key of the named object comes first.
    package var keys: [String]
    /// The effects on `keys`, in the same order.
    package var verbs: [ChangeVerb]
    /// The fingerprint of the request; see `ChangeRequest.fingerprint`.
    package var fingerprint: String?
    /// The warnings in the client's answer, as `{pointer, rule, message}`.
    package var warnings: [JSONValue] = []
    /// The mod_revision of `head` that the change's transaction compared; nil if absent in the entry.
    package var headRevision: Int64?
    /// The SHA-256, in hex, of the value written under each of `keys`; nil for a deletion. The array is empty in an
    /// unsigned entry.
    var digests: [String?] = []
    /// The second person who confirmed the change, or the break-glass override that replaced the confirmation; nil if
    /// there was neither.
    package var approval: JSONValue?
    /// The seal of an entry that was read from etcd; nil if the entry has none. See `JournalAuthenticator`.
    package private(set) var seal: JournalSeal?
    /// The key and the change id with which the entry is signed when it is serialised; nil for an entry that is not
    /// signed.
    var signer: Signer?

    /// The version of the format that this program writes. A value without a version has version 1.
    package static let version: Int64 = 1

    package init(
        isAccepted: Bool, time: String, context: ChangeContext, verb: String, kind: String,
        name: String, region: String?, result: ChangeVerb?, keys: [String], verbs: [ChangeVerb],
        fingerprint: String?
    ) {
        self.isAccepted = isAccepted
        self.time = time
        self.context = context
        self.verb = verb
        self.kind = kind
        self.name = name
        self.region = region
        self.result = result
        self.keys = keys
        self.verbs = verbs
        self.fingerprint = fingerprint
    }
}

extension JournalEntry {
    /// The `kind` of a change that applies a manifest. Such a change has an empty name.
    package static let manifestKind = "Stream"

    /// Reads an entry without authentication. Code that acts on an entry must call `JournalAuthenticator.read` instead.
    /// Returns nil if the bytes are not a journal entry of this version.
    package init?(bytes: [UInt8]) {
        guard let entry = JournalReading(bytes: bytes).entry else { return nil }
        self = entry
    }

    /// Returns nil if a member is missing or has the wrong type. The caller must check the version of `value` first.
    init?(_ value: JSONValue) {
        guard let status = value["status"]?.stringValue,
            let time = value["time"]?.stringValue,
            let context = ChangeContext(journal: value),
            let verb = value["verb"]?.stringValue,
            let kind = value["kind"]?.stringValue,
            let name = value["name"]?.stringValue,
            let keys = value["keys"]?.arrayValue
        else { return nil }
        self.init(
            isAccepted: status == "accepted", time: time, context: context, verb: verb, kind: kind,
            name: name, region: value["region"]?.stringValue,
            result: value["result"]?.stringValue.flatMap(ChangeVerb.init),
            keys: keys.compactMap(\.stringValue),
            verbs: (value["verbs"]?.arrayValue ?? []).compactMap {
                $0.stringValue.flatMap(ChangeVerb.init)
            },
            fingerprint: value["fingerprint"]?.stringValue)
        warnings = value["warnings"]?.arrayValue ?? []
        headRevision = value["headRevision"]?.numberValue?.int64
        digests = (value["digests"]?.arrayValue ?? []).map(\.stringValue)
        approval = value["approval"]
        seal = value["mac"].flatMap(JournalSeal.init)
    }

    package var bytes: [UInt8] {
        var object = JSONObject()
        object["v"] = .number(JSONNumber(Self.version))
        object["status"] = isAccepted ? "accepted" : "aborted"
        object["time"] = .string(time)
        context.write(to: &object)
        object["verb"] = .string(verb)
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
        object["result"] = result.map { .string($0.rawValue) }
        object["keys"] = .array(keys.map(JSONValue.string))
        if !verbs.isEmpty { object["verbs"] = .array(verbs.map { .string($0.rawValue) }) }
        object["fingerprint"] = fingerprint.map(JSONValue.string)
        if !warnings.isEmpty { object["warnings"] = .array(warnings) }
        object["headRevision"] = headRevision.map { .number(JSONNumber($0)) }
        if !digests.isEmpty {
            object["digests"] = .array(digests.map { $0.map(JSONValue.string) ?? .null })
        }
        object["approval"] = approval
        object["mac"] = signer.map { $0.seal(object).document }
        return JSONSerializer.bytes(.object(object))
    }

    /// The object that the request named. For a manifest, the objects that are stored under `keys`.
    package var objects: [ObjectReference] {
        guard kind == Self.manifestKind else {
            return [ObjectReference(kind: kind, name: name, region: region)]
        }
        return keys.compactMap { path in
            guard let key = ResourceKey(path: path) else { return nil }
            let identity = AuditIdentity(key, document: nil)
            return ObjectReference(
                kind: identity.kind, name: identity.name, region: identity.region)
        }
    }

    /// Returns the effect on `key`; nil if the change did not write `key`.
    func verb(of key: String) -> ChangeVerb? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        return verbs.indices.contains(index) ? verbs[index] : index == 0 ? result : .create
    }

    /// The object that the request named; nil if this version does not know the kind.
    package var objectName: ObjectName? { ObjectName(kind: kind, name: name, region: region) }

    /// True if the change waits, or waited, for a second person. Such a change wrote only the key of the pending
    /// change.
    var isHeld: Bool { kind == PendingChange.kind && result == .create }
}

/// The result of reading a value below `journal/`. All code that acts on a journal entry uses this type: replays, lost
/// answers, `GET /v1/changes/{id}` and the ledger's rows.
package enum JournalReading: Sendable, Equatable {
    /// An entry that code may act on.
    case entry(JournalEntry)
    /// A value that must be neither believed nor overwritten.
    case doubtful(JournalDoubt)

    /// The entry that code may act on; nil if the value is doubtful.
    package var entry: JournalEntry? { if case .entry(let entry) = self { entry } else { nil } }

    package var doubt: JournalDoubt? { if case .doubtful(let doubt) = self { doubt } else { nil } }

    /// The entry in the value, whether it is believed or not; nil if the value cannot be read as an entry.
    package var claim: JournalEntry? { entry ?? doubt?.claim }

    /// Reads a value without authentication. Any bytes are allowed.
    package init(bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes) else {
            self = .doubtful(JournalDoubt(.unreadable))
            return
        }
        self.init(value)
    }

    init(_ value: JSONValue) {
        switch FormatVersion(value, known: JournalEntry.version) {
        case .later(let version): self = .doubtful(JournalDoubt(.laterVersion(version)))
        case .malformed: self = .doubtful(JournalDoubt(.unreadable))
        case .known:
            self =
                JournalEntry(value).map(JournalReading.entry)
                ?? .doubtful(JournalDoubt(.unreadable))
        }
    }

    /// Reads the journal entry in `keyValue` without authentication. Returns nil if the key is not the key of a journal
    /// entry.
    static func of(_ keyValue: KeyValue) -> (ChangeID, JournalReading)? {
        ChangeID(journalKey: keyValue.key).map { ($0, JournalReading(bytes: keyValue.value)) }
    }
}

/// The reason why the server does not act on a value below `journal/`.
package struct JournalDoubt: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The value is not a journal entry.
        case unreadable
        /// A later version of this program wrote the value.
        case laterVersion(Int64)
        /// The entry was not signed with a known key, or was made for another transaction. The string says what is
        /// wrong.
        case notAuthentic(String)
    }

    package var reason: Reason
    /// The entry, which is not believed; nil if the value cannot be read as an entry.
    package var claim: JournalEntry?

    package init(_ reason: Reason, claim: JournalEntry? = nil) {
        self.reason = reason
        self.claim = claim
    }

    /// A description of the error.
    package var problem: String {
        switch reason {
        case .unreadable: "journal entry cannot be read"
        case .laterVersion(let version):
            "journal entry was written by a later version of this server (format \(version); this server knows "
                + "format \(JournalEntry.version))"
        case .notAuthentic(let problem): "journal entry is not authentic: \(problem)"
        }
    }
}
