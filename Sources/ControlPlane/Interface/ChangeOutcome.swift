import Calico
package import Documents
import Domain

/// The outcome of a change request.
package enum ChangeOutcome: Sendable {
    /// The change is in etcd, visible in this server's reads, and audited on disk; or nothing needed to change.
    case applied(AppliedChange)
    /// Like `applied`, for all objects of a manifest.
    case appliedManifest(AppliedManifest)
    /// A dry run succeeded: the change would have been accepted.
    case planned(ChangePlan)
    /// The change is in etcd as a pending change. The change waits for a second person, and none of its objects was
    /// written.
    case held(HeldChange)
    /// A pending change was ended without being applied.
    case ended(ChangeID, replayed: Bool)
    case refused(Refusal)
}

/// A change that has been applied.
package struct AppliedChange: Sendable {
    package var changeID: ChangeID
    package var verb: ChangeVerb
    /// The object after the change; nil after a deletion.
    package var object: ObjectView?
    package var name: ObjectName
    package var warnings: [Violation]
    /// True if an earlier request with the same Idempotency-Key made the change.
    package var replayed: Bool
}

/// A manifest that has been applied.
package struct AppliedManifest: Sendable {
    package struct Object: Sendable {
        package var verb: ChangeVerb
        package var kind: String
        package var name: String
        package var region: String?
    }

    package var changeID: ChangeID
    /// The etcd mod_revision of every object that was written; nil if nothing needed to change.
    package var revision: Int64?
    package var objects: [Object]
    package var warnings: [Violation]
    /// True if an earlier request with the same Idempotency-Key made the change.
    package var replayed: Bool
}

extension AppliedManifest {
    static let kinds = Set(Grant.allKinds)

    init(_ id: ChangeID, _ write: PlannedWrite, revision: Int64?) {
        self.init(
            changeID: id, revision: revision,
            objects: write.parts.map {
                Object(verb: $0.verb, kind: $0.kind, name: $0.name.name, region: $0.name.region)
            },
            warnings: write.warnings, replayed: false)
    }

    /// Reads the outcome from the ledger's rows. A CrossRegionPolicy counts as one object, regardless of the number of
    /// its compiled policies.
    init(_ id: ChangeID, _ rows: [AuditRecord], revision: Int64) {
        var objects: [Object] = []
        var sources: [String] = []
        // Leaves out rows of other kinds, such as the row of a tier that the change had to create.
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
        // Adds each CrossRegionPolicy that no row names. No row names a CrossRegionPolicy if its first compiled policy
        // did not change.
        for source in Set(sources).sorted()
        where !objects.contains(where: {
            $0.name == source && $0.region == nil && $0.kind.hasSuffix("Policy")
        }) {
            objects.append(
                Object(verb: .update, kind: CrossRegionPolicy.kind, name: source, region: nil))
        }
        self.init(
            changeID: id, revision: revision, objects: objects, warnings: [], replayed: true)
    }
}

extension AuditRecord {
    /// The resource after the change, or the deleted resource; nil if the row describes no resource.
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

    /// Converts the verb of a row. Observations and reads count as updates.
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

/// The part of a plan that concerns one object.
package struct PlannedChange: Sendable {
    package var verb: ChangeVerb
    package var name: ObjectName
    /// The etcd key that the change would write.
    package var key: String
    /// The object before the change, as the API shows it; nil if the object does not exist before the change.
    package var before: JSONValue?
    /// The object after the change, as the API shows it; nil if the object does not exist after the change.
    package var after: JSONValue?
}

extension PlannedChange {
    /// The difference between the two documents, without revisions; nil if the change is not an update.
    package var diff: [JSONPatch.Operation]? {
        guard verb == .update, let before, let after else { return nil }
        return ObjectDiff.operations(from: before, to: after)
    }

    /// The kind of the object after the change. For a deletion, the kind of the deleted object.
    package var kind: String { name.kind(showing: after ?? before) }
}

/// The state of a change, as `GET /v1/changes/{id}` shows it.
package struct ChangeStatus: Sendable {
    package enum State: String, Sendable {
        case accepted
        /// The change was not applied and never will be.
        case aborted
    }

    package var id: ChangeID
    package var state: State
    /// The etcd revision of the transaction; nil if aborted.
    package var revision: Int64?
    package var journal: JournalEntry
    /// The objects that the change wrote or removed, with their names in the API.
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
    /// Replaces the objects of a manifest with the objects that are named in `rows`. The etcd keys are not enough,
    /// because they show neither the name that the author gave to a policy nor the CrossRegionPolicy to which the
    /// policy belongs.
    mutating func name(from rows: [AuditRecord]) {
        guard let revision else { return }
        let own = rows.filter { $0.revision == revision && $0.origin == .api }
        let manifest = AppliedManifest(id, own, revision: revision)
        guard !manifest.objects.isEmpty else { return }
        objects = manifest.objects.map {
            ObjectReference(kind: $0.kind, name: $0.name, region: $0.region)
        }
    }

    /// Removes from the status every object and key that is not in `rows`.
    mutating func limit(to rows: [AuditRecord]) {
        objects = objects.filter { object in
            rows.contains { row in
                row.kind == object.kind && row.name == object.name
                    && (object.region == nil || row.region == object.region)
            }
        }
        let visible = Set(rows.compactMap(\.key))
        journal.keys = journal.keys.filter(visible.contains)
    }

    /// Limits the status of an aborted change to the objects in `scope`. Removes all policies, because only ledger rows
    /// show the regions of a policy, and an aborted change has no rows. Removes all etcd keys, because they may name
    /// objects outside `scope`.
    mutating func limit(to scope: AuditScope) {
        objects = objects.filter { object in
            switch AuditKind(rawValue: object.kind) {
            case .region: scope.covers(kind: object.kind, .some([object.name]))
            case .subnet:
                object.region.map { scope.covers(kind: object.kind, .some([$0])) } ?? false
            default: false
            }
        }
        journal.keys = []
    }

    /// Reads the status from a row of the ledger, for a change whose journal entry has expired. Returns nil if the row
    /// has no etcd revision.
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
