import Calico
import Crypto
package import Documents
import Domain
import Etcd

/// The value of `journal/<changeId>`: who made a change and which keys it wrote, in the same
/// transaction as the change itself.
package struct JournalEntry: Sendable, Equatable {
    /// False if the change was given up. The entry then keeps a late transaction from being applied.
    package var isAccepted: Bool
    /// RFC 3339, UTC.
    package var time: String
    package var context: ChangeContext
    /// `put`, `patch`, `delete`, `allocate` or `apply`.
    package var verb: String
    package var kind: String
    package var name: String
    package var region: String?
    /// The effect on the object; nil for a change that was given up.
    package var result: ChangeVerb?
    /// The etcd keys written besides `head` and the journal, the named object's first.
    package var keys: [String]
    /// The effect on each of `keys`, in their order.
    package var verbs: [ChangeVerb]
    /// See `ChangeRequest.fingerprint`.
    package var fingerprint: String?
    /// The warnings that the client was given, as `{pointer, rule, message}`.
    package var warnings: [JSONValue] = []
    /// mod_revision of `head` that the change's transaction compared; nil when the entry does not say.
    package var headRevision: Int64?
    /// SHA-256 of the value written under each of `keys`, in hex, nil for a deletion; empty unless signed.
    var digests: [String?] = []
    /// The seal that was read; see `JournalAuthenticator`.
    package private(set) var seal: JournalSeal?
    /// Signs the entry when it is serialised.
    var signer: Signer?

    /// The format that this program writes; a value without a version is of version 1.
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
    /// `kind` of a change that applies a manifest; its name is empty.
    package static let manifestKind = "Stream"

    /// Nil when the bytes are no journal entry of this version. Believes whatever it reads: what acts on an
    /// entry asks `JournalAuthenticator.read`.
    package init?(bytes: [UInt8]) {
        guard let entry = JournalReading(bytes: bytes).entry else { return nil }
        self = entry
    }

    /// Nil when a member is missing or of another type; `value` is of a known version.
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
        object["mac"] = signer.map { $0.seal(object).document }
        return JSONSerializer.bytes(.object(object))
    }

    /// The objects that the change wrote, or the one it named: for a manifest told from the keys.
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

    /// The effect on `key`; nil for a key of another change.
    func verb(of key: String) -> ChangeVerb? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        return verbs.indices.contains(index) ? verbs[index] : index == 0 ? result : .create
    }

    /// The object the request named; nil for a kind that this version does not know.
    package var objectName: ObjectName? {
        switch (kind, region) {
        case ("Region", _): .region(name)
        case ("Subnet", let region?): .subnet(region: region, name: name)
        case ("GlobalNetworkPolicy", _), (CrossRegionPolicy.kind, _): .policy(name)
        case ("NetworkPolicy", let region?): .regionPolicy(region: region, name: name)
        default: nil
        }
    }
}

/// The result of reading a value below `journal/`. All code that acts on a journal entry reads it this way: replays, lost answers, `GET /v1/changes/{id}` and the ledger's rows.
package enum JournalReading: Sendable, Equatable {
    /// An entry to act on.
    case entry(JournalEntry)
    /// Something that must be neither believed nor overwritten.
    case doubtful(JournalDoubt)

    /// The entry to act on; nil when there is none.
    package var entry: JournalEntry? { if case .entry(let entry) = self { entry } else { nil } }

    package var doubt: JournalDoubt? { if case .doubtful(let doubt) = self { doubt } else { nil } }

    /// The entry's claims, believed or not.
    package var claim: JournalEntry? { entry ?? doubt?.claim }

    /// Reads a value without authentication; any bytes are allowed.
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

    /// The journal entry that `keyValue` is, unauthenticated; nil for any other key.
    static func of(_ keyValue: KeyValue) -> (ChangeID, JournalReading)? {
        ChangeID(journalKey: keyValue.key).map { ($0, JournalReading(bytes: keyValue.value)) }
    }
}

/// Why a value below `journal/` is not acted on.
package struct JournalDoubt: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// No entry at all.
        case unreadable
        /// Written by a later version of this program.
        case laterVersion(Int64)
        /// Not made by a server that has one of the keys, or not for this transaction; with what is wrong.
        case notAuthentic(String)
    }

    package var reason: Reason
    /// The entry's claims; nil if they cannot be read.
    package var claim: JournalEntry?

    package init(_ reason: Reason, claim: JournalEntry? = nil) {
        self.reason = reason
        self.claim = claim
    }

    /// Says what is wrong.
    package var problem: String {
        switch reason {
        case .unreadable: "journal entry cannot be read"
        case .laterVersion(let version):
            "journal entry of a later version of this server (format \(version), this one knows "
                + "\(JournalEntry.version))"
        case .notAuthentic(let problem): "journal entry not authentic: \(problem)"
        }
    }
}
