import Calico
import Documents
import Domain
import Etcd
import Store

/// Turns what etcd shows into ledger rows. Pure: what was there before comes with the event.
struct Projector: Sendable {
    /// 16 lower-case hex digits.
    var clusterID: String
    var statuses: OutcomeStatuses
    var authenticator = JournalAuthenticator()

    /// The rows and last-known objects of one revision.
    ///
    /// A key that a journal entry of the same revision names was written by that change; every
    /// other key was written by somebody else, and so was one whose entry is not to be believed.
    ///
    /// - Parameter headRevision: mod_revision of `head` before this revision; nil when it is not known.
    func project(
        _ changes: RevisionChanges, _ events: [AuditedEvent], headRevision: Int64? = nil,
        observedAt now: Timestamp
    ) -> Projection {
        let journal = JournalIndex(changes, authenticator, headRevision: headRevision)
        var projection = Projection(revision: changes.revision)
        for event in events {
            let before = event.before.map { AuditedValue(event.key, $0) }
            let after = event.after.map { AuditedValue(event.key, $0) }
            var row = draft(event.key, before: before, after: after, time: now)
            row.revision = changes.revision
            switch journal[event.key.path] {
            case (let id, .entry(let entry))?: attribute(&row, to: id, entry, event.key)
            case (let id, .doubtful(let doubt))?: row.detail = doubt.detail(id)
            case nil: break
            }
            projection.rows.append(row)
            projection.objects.append(
                objectChange(event.key, after, modRevision: changes.revision))
        }
        return projection
    }

    /// A row for a change whose author is not known.
    func draft(
        _ key: ResourceKey, before: AuditedValue?, after: AuditedValue?, time: Timestamp
    ) -> AuditRecord.Draft {
        let identity = (after ?? before)?.identity ?? AuditIdentity(key, document: nil)
        let verb: AuditRecord.Verb =
            after == nil ? .delete : before == nil ? .create : .update
        var row = AuditRecord.Draft(
            time: time, origin: .external, actor: "unknown", verb: verb, kind: identity.kind,
            name: identity.name, region: identity.region)
        row.clusterID = clusterID
        row.key = key.path
        row.before = before?.canonical
        row.after = after?.canonical
        row.cidrs = Self.cidrs(before, after)
        return row
    }

    /// The networks in the object before and after; see `AuditRecord.Draft.cidrs`.
    private static func cidrs(_ before: AuditedValue?, _ after: AuditedValue?) -> String? {
        let networks = (before?.networks ?? []).union(after?.networks ?? [])
        guard !networks.isEmpty else { return nil }
        // All of them, or a search would miss some: etcd's largest value holds some 100,000.
        return AuditRecord.Draft.text(.array(networks.sorted().map { .string($0.description) }))
    }

    /// A row about the ledger itself: what became of etcd's history between two revisions.
    func observation(
        _ name: String, reason: String, from: Int64, to: Int64, time: Timestamp
    ) -> AuditRecord.Draft {
        let detail: JSONValue = [
            "reason": .string(reason), "from": .number(JSONNumber(from)),
            "to": .number(JSONNumber(to)),
        ]
        var row = AuditRecord.Draft.own(.observe, .ledger, name, detail: detail, at: time)
        row.clusterID = clusterID
        return row
    }

    /// Names the author of a row's change. The tiers and the ClusterInformation that a change wrote
    /// because they were missing are this server's doing.
    func attribute(
        _ row: inout AuditRecord.Draft, to id: ChangeID, _ entry: JournalEntry, _ key: ResourceKey
    ) {
        row.origin = key.kind == .tier || key.kind == .clusterInformation ? .system : .api
        row.time = Timestamp(rfc3339: entry.time) ?? row.time
        row.take(entry.context)
        if !entry.warnings.isEmpty { row.warnings = AuditRecord.Draft.text(.array(entry.warnings)) }
        row.changeID = id.text
        row.status = entry.result.map(statuses.done)
    }

    func objectChange(
        _ key: ResourceKey, _ value: AuditedValue?, modRevision: Int64
    ) -> ObjectChange {
        guard let value else { return .delete(key: key.path) }
        let identity = value.identity
        return .put(
            AuditedObject(
                key: key.path, kind: identity.kind, name: identity.name, region: identity.region,
                modRevision: modRevision, value: value.text))
    }
}
