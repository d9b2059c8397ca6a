import Calico
import Domain
import Etcd
import Store

/// Turns what etcd shows into ledger rows. Pure: what was there before comes with the event.
struct Projector: Sendable {
    /// 16 lower-case hex digits.
    var clusterID: String

    /// The rows and last-known objects of one revision.
    ///
    /// A key that a journal entry of the same revision names was written by that change; every
    /// other key was written by somebody else.
    func project(
        _ changes: RevisionChanges, _ events: [AuditedEvent], observedAt now: Timestamp
    ) -> Projection {
        let journal = JournalIndex(changes)
        var projection = Projection(revision: changes.revision)
        for event in events {
            var row = draft(
                event.key, before: event.before, after: event.after, time: now)
            row.revision = changes.revision
            if let (id, entry) = journal[event.key.path] {
                attribute(&row, to: id, entry, event.key)
            }
            projection.rows.append(row)
            projection.objects.append(
                objectChange(event.key, event.after, modRevision: changes.revision))
        }
        return projection
    }

    /// A row for a change whose author is not known.
    func draft(
        _ key: ResourceKey, before: [UInt8]?, after: [UInt8]?, time: Timestamp
    ) -> AuditRecord.Draft {
        let identity = AuditIdentity(key, bytes: after ?? before ?? [])
        let verb: AuditRecord.Verb =
            after == nil ? .delete : before == nil ? .create : .update
        var row = AuditRecord.Draft(
            time: time, origin: .external, actor: "unknown", verb: verb, kind: identity.kind,
            name: identity.name, region: identity.region)
        row.clusterID = clusterID
        row.before = before.map(Self.canonical)
        row.after = after.map(Self.canonical)
        return row
    }

    /// A row about the ledger itself: what became of etcd's history between two revisions.
    func observation(
        _ name: String, reason: String, from: Int64, to: Int64, time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: .observe, kind: "Ledger",
            name: name)
        row.clusterID = clusterID
        let detail: JSONValue = [
            "reason": .string(reason), "from": .number(JSONNumber(from)),
            "to": .number(JSONNumber(to)),
        ]
        row.detail = String(decoding: JSONSerializer.canonical(detail), as: UTF8.self)
        return row
    }

    /// Names the author of a row's change. What a change wrote besides its own object, such as the
    /// tier it needed, is this server's doing.
    func attribute(
        _ row: inout AuditRecord.Draft, to id: ChangeID, _ entry: JournalEntry, _ key: ResourceKey
    ) {
        row.origin = key.path == entry.keys.first ? .api : .system
        row.time = Timestamp(rfc3339: entry.time) ?? row.time
        row.actor = entry.context.actor
        row.clientAddress = entry.context.clientAddress
        row.requestID = entry.context.requestID
        row.reason = entry.context.reason
        row.changeID = id.text
        row.status = entry.result.map { $0 == .create ? 201 : $0 == .delete ? 204 : 200 }
    }

    func objectChange(
        _ key: ResourceKey, _ value: [UInt8]?, modRevision: Int64
    ) -> ObjectChange {
        guard let value else { return .delete(key: key.path) }
        let identity = AuditIdentity(key, bytes: value)
        return .put(
            AuditedObject(
                key: key.path, kind: identity.kind, name: identity.name, region: identity.region,
                modRevision: modRevision, value: String(decoding: value, as: UTF8.self)))
    }

    /// RFC 8785 text; bytes that are no JSON document become a JSON string of themselves.
    static func canonical(_ bytes: [UInt8]) -> String {
        let value =
            (try? JSONParser.parse(bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
        return String(decoding: JSONSerializer.canonical(value), as: UTF8.self)
    }
}

/// Which change wrote which key, from the journal entries of one revision.
struct JournalIndex {
    private var changes: [String: (ChangeID, JournalEntry)] = [:]

    init(_ revision: RevisionChanges) {
        for event in revision.events where event.kind == .put {
            guard let (id, entry) = Self.entry(event.keyValue), entry.isAccepted else { continue }
            for key in entry.keys { changes[key] = (id, entry) }
        }
    }

    /// The accepted change that wrote `key`; nil when none of the journal's did.
    subscript(key: String) -> (ChangeID, JournalEntry)? { changes[key] }

    /// The journal entry that `keyValue` is; nil for any other key.
    static func entry(_ keyValue: KeyValue) -> (ChangeID, JournalEntry)? {
        guard let key = keyValue.key.string, key.hasPrefix(Keyspace.journalPrefix),
            let id = ChangeID(String(key.dropFirst(Keyspace.journalPrefix.count))),
            let entry = JournalEntry(bytes: keyValue.value)
        else { return nil }
        return (id, entry)
    }
}

/// What the ledger calls an object: regions and subnets by our names, the rest by Calico's.
struct AuditIdentity: Sendable, Equatable {
    var kind: String
    var name: String
    var region: String?

    init(_ key: ResourceKey, bytes: [UInt8]) {
        kind = key.kind.rawValue
        name = key.name
        region = key.namespace.flatMap(RegionNamespace.region(of:))
        switch InventoryKey(key) {
        case .region(let region):
            (kind, name, self.region) = ("Region", region, region)
        case .subnet(let region, let subnet):
            (kind, name, self.region) = ("Subnet", subnet, region)
        case nil where key.kind.isPolicy:
            if let resource = Resource(key: key, bytes: bytes) {
                name = PolicyName.authored(resource)
            }
        case nil: break
        }
    }
}
