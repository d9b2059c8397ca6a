import Calico
package import Documents
import Domain

/// The outcome of a change request.
package enum ChangeOutcome: Sendable {
    /// The change is in etcd, visible in this server's reads, and audited on disk. Or nothing needed to change.
    case applied(AppliedChange)
    /// The same for all objects of a manifest.
    case appliedManifest(AppliedManifest)
    /// A dry run that would have been accepted.
    case planned(ChangePlan)
    case refused(Refusal)
}

/// A change that is done.
package struct AppliedChange: Sendable {
    package var changeID: ChangeID
    package var verb: ChangeVerb
    /// The object after the change; nil after a delete.
    package var object: ObjectView?
    package var name: ObjectName
    package var warnings: [Violation]
    /// True when an earlier request with the same Idempotency-Key did it.
    package var replayed: Bool
}

/// A manifest that is applied.
package struct AppliedManifest: Sendable {
    package struct Object: Sendable {
        package var verb: ChangeVerb
        package var kind: String
        package var name: String
        package var region: String?
    }

    package var changeID: ChangeID
    /// etcd mod_revision of every object that was written; nil when nothing needed to change.
    package var revision: Int64?
    package var objects: [Object]
    package var warnings: [Violation]
    /// True when an earlier request with the same Idempotency-Key did it.
    package var replayed: Bool
}

extension AppliedManifest {
    private static let kinds: Set = [
        "Region", "Subnet", "GlobalNetworkPolicy", "NetworkPolicy", CrossRegionPolicy.kind,
    ]

    init(_ id: ChangeID, _ write: PlannedWrite, revision: Int64?) {
        self.init(
            changeID: id, revision: revision,
            objects: write.parts.map {
                Object(verb: $0.verb, kind: $0.kind, name: $0.name.name, region: $0.name.region)
            },
            warnings: write.warnings, replayed: false)
    }

    /// Reads the outcome from the ledger's rows. A CrossRegionPolicy is one object, however many policies it has.
    init(_ id: ChangeID, _ rows: [AuditRecord], revision: Int64) {
        var objects: [Object] = []
        var sources: [String] = []
        // Rows of things that had to exist, such as a tier, are left out.
        for row in rows where Self.kinds.contains(row.kind) {
            if let source = row.resource.flatMap(CrossRegionAnnotation.sourceName(ofPart:)) {
                sources.append(source)
            } else {
                objects.append(
                    Object(
                        verb: ChangeVerb(row.verb), kind: row.kind, name: row.name,
                        region: row.region))
            }
        }
        // If only further policies changed, no row names the whole.
        for source in Set(sources).sorted()
        where !objects.contains(where: { $0.name == source && $0.kind.hasSuffix("Policy") }) {
            objects.append(
                Object(verb: .update, kind: CrossRegionPolicy.kind, name: source, region: nil))
        }
        self.init(
            changeID: id, revision: revision, objects: objects, warnings: [], replayed: true)
    }
}

extension AuditRecord {
    /// The resource after the change, or the deleted resource; nil if the row is about no resource.
    var resource: Resource? {
        guard let text = entry.after ?? entry.before,
            let key = entry.key.flatMap({ ResourceKey(path: $0) })
        else {
            return nil
        }
        return Resource(key: key, bytes: Array(text.utf8))
    }
}

/// The effect of a change on one object.
package enum ChangeVerb: String, Sendable {
    case create, update, delete
    case unchanged = "none"

    /// The effect that a row records; an observation counts as an update.
    init(_ verb: AuditRecord.Verb) {
        switch verb {
        case .create: self = .create
        case .delete: self = .delete
        case .update, .observe, .read: self = .update
        }
    }
}

/// The answer to a dry run.
package struct ChangePlan: Sendable {
    package var changes: [PlannedChange]
    package var warnings: [Violation]
}

/// One object's part of a plan.
package struct PlannedChange: Sendable {
    package var verb: ChangeVerb
    package var name: ObjectName
    /// The etcd key that would be written.
    package var key: String
    /// Representations in the API before and after; nil where the object does not exist.
    package var before: JSONValue?
    package var after: JSONValue?
}

extension PlannedChange {
    /// The difference of the two documents, without revisions; nil unless it is an update.
    package var diff: [JSONPatch.Operation]? {
        guard verb == .update, let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }

    /// The kind of the object after the change, or of the one that it deletes.
    package var kind: String { name.kind(showing: after ?? before) }
}

/// The state of a change, as `GET /v1/changes/{id}` answers it.
package struct ChangeStatus: Sendable {
    package enum State: String, Sendable {
        case accepted
        /// The change was not applied and never will be.
        case aborted
    }

    package var id: ChangeID
    package var state: State
    /// etcd revision of the transaction; nil when aborted.
    package var revision: Int64?
    package var journal: JournalEntry
    /// The objects that the change wrote or removed, by the names that they have in the API.
    package var objects: [ObjectReference]

    init(id: ChangeID, state: State, revision: Int64?, journal: JournalEntry) {
        self.id = id
        self.state = state
        self.revision = revision
        self.journal = journal
        objects = journal.objects
    }
}

extension ChangeStatus {
    /// Names the objects of a stream as its rows in the ledger do. The etcd keys alone do not show a policy's own
    /// name or the CrossRegionPolicy that several policies belong to.
    mutating func name(from rows: [AuditRecord]) {
        guard let revision else { return }
        let own = rows.filter { $0.revision == revision && $0.origin == .api }
        let stream = AppliedManifest(id, own, revision: revision)
        guard !stream.objects.isEmpty else { return }
        objects = stream.objects.map {
            ObjectReference(kind: $0.kind, name: $0.name, region: $0.region)
        }
    }

    /// From the ledger, for a change whose journal entry has expired; nil for a row of no change.
    init?(id: ChangeID, row: AuditRecord) {
        guard let revision = row.revision else { return nil }
        var context = ChangeContext(
            actor: row.actor, clientAddress: row.clientAddress, requestID: row.requestID ?? "",
            reason: row.reason)
        context.ticket = row.ticket
        self.init(
            id: id, state: .accepted, revision: revision,
            journal: JournalEntry(
                isAccepted: true, time: row.time.rfc3339, context: context,
                verb: row.verb == .delete ? "delete" : "put", kind: row.kind, name: row.name,
                region: row.region, result: ChangeVerb(row.verb), keys: [], verbs: [],
                fingerprint: nil))
    }
}
