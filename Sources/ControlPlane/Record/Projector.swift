import Calico
import Documents
package import Domain
package import Etcd
package import Store

/// Turns etcd's changes into ledger rows. Needs no stored state, because each event contains the value before the
/// change.
package struct Projector: Sendable {
    /// The id of the etcd cluster as 16 lower-case hex digits.
    var clusterID: String
    var statuses: OutcomeStatuses
    var authenticator = JournalAuthenticator()

    /// Creates a projector for one cluster.
    package init(
        clusterID: String, statuses: OutcomeStatuses,
        authenticator: JournalAuthenticator = JournalAuthenticator()
    ) {
        self.clusterID = clusterID
        self.statuses = statuses
        self.authenticator = authenticator
    }

    /// Returns the rows of one revision, and the new values of the changed objects.
    ///
    /// If a believed journal entry of the same revision names a key, the entry's change wrote that key. All other keys,
    /// including keys of a doubtful entry, count as written by an unknown author.
    ///
    /// - Parameter headRevision: The mod_revision of `head` before this revision; nil if unknown.
    package func project(
        _ changes: RevisionChanges, _ events: [AuditedEvent], _ journal: RevisionJournal? = nil,
        headRevision: Int64? = nil, observedAt now: Timestamp
    ) -> Projection {
        let journal = JournalIndex(
            journal ?? RevisionJournal(changes, authenticator), authenticator,
            headRevision: headRevision)
        var projection = Projection(revision: changes.revision)
        for event in events {
            let before = event.before.map { AuditedValue(event.key, $0) }
            let after = event.after.map {
                AuditedValue(event.key, $0, parsed: event.document)
            }
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

    /// Returns a row for a change by an unknown author.
    func draft(
        _ key: AuditedKey, before: AuditedValue?, after: AuditedValue?, time: Timestamp
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

    /// Returns the networks in the object before and after the change; see `AuditRecord.Draft.cidrs`.
    private static func cidrs(_ before: AuditedValue?, _ after: AuditedValue?) -> String? {
        let networks = (before?.networks ?? []).union(after?.networks ?? [])
        guard !networks.isEmpty else { return nil }
        // Lists all networks, so that a search finds each of them. The largest value in etcd has some 100,000 networks.
        return JSONSerializer.canonicalText(
            .array(networks.sorted().map { .string($0.description) }))
    }

    /// Returns a row of the kind `Ledger`. The row describes a range of etcd's history, such as a gap.
    package func observation(
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

    /// Adds the author of the change to a row. Adds the second person or the override, if there was one.
    func attribute(
        _ row: inout AuditRecord.Draft, to id: ChangeID, _ entry: JournalEntry, _ key: AuditedKey
    ) {
        row.origin = entry.isMadeByServer(key) ? .system : .api
        row.time = Timestamp(rfc3339: entry.time) ?? row.time
        row.take(entry.context)
        if !entry.warnings.isEmpty {
            row.warnings = JSONSerializer.canonicalText(.array(entry.warnings))
        }
        row.changeID = id.text
        row.approval = entry.approval.map(JSONSerializer.canonicalText)
        row.status = entry.isHeld ? statuses.held : entry.result.map(statuses.done)
    }

    func objectChange(
        _ key: AuditedKey, _ value: AuditedValue?, modRevision: Int64
    ) -> ObjectChange {
        guard let value else { return .delete(key: key.path) }
        let identity = value.identity
        return .put(
            AuditedObject(
                key: key.path, kind: identity.kind, name: identity.name, region: identity.region,
                modRevision: modRevision, value: value.text))
    }
}

extension JournalEntry {
    /// Returns true if the server wrote `key` although no client asked for that. The server adds tiers and the
    /// ClusterInformation to a change if they are missing, and it removes pending changes that have expired.
    fileprivate func isMadeByServer(_ key: AuditedKey) -> Bool {
        switch key {
        case .resource(let key): key.kind == .tier || key.kind == .clusterInformation
        case .pending: verb == PendingAction.expire.rawValue
        }
    }
}
