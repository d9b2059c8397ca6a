import Domain
import Etcd
import Store

/// Finds out what changed while etcd's history was not followed and is gone: by comparing what the
/// ledger last knew with what etcd held at the first revision it still has, and by the journal,
/// which outlives compaction. Pure.
struct GapComparison: Sendable {
    var projector: Projector
    /// What the ledger last knew, by etcd key.
    var known: [String: AuditedObject]
    /// Every audited key at `to`, by etcd key.
    var current: [String: KeyValue]
    /// The journal's entries at `to`.
    var journal: [KeyValue]
    /// The last revision the ledger has; 0 for a new ledger, or for another cluster's.
    var from: Int64
    /// The revision that was listed.
    var to: Int64
    var now: Timestamp

    /// One projection at `to`: first a row that tells of the gap, then what journal and comparison
    /// show, oldest first.
    func project(reason: String) -> Projection {
        var projection = Projection(revision: to, rows: [gapRow(reason)], isAfterGap: true)
        let accepted = journaled()
        let lastChanges = Dictionary(accepted.map { ($0.path, $0) }) { $1 }
        projection.rows += accepted.compactMap(row)
        for path in Set(known.keys).union(current.keys).sorted() {
            guard let key = MirrorState.auditedKey(EtcdKey(path)) else { continue }
            let before = known[path]?.value
            let after = current[path]
            // A write of the very same value is a write as well.
            let isSame = known[path]?.modRevision == after?.modRevision && isSame(before, after)
            if known[path]?.modRevision != after?.modRevision {
                projection.objects.append(
                    projector.objectChange(
                        key, after.map { AuditedValue(key, $0.value) },
                        modRevision: after?.modRevision ?? to))
            }
            // A deletion leaves no revision to compare: it is the journal's if that ends with one.
            let isExplained =
                lastChanges[path].map { last in
                    after.map { $0.modRevision == last.revision } ?? last.isDeletion
                } ?? false
            // What was changed and changed back has to end with a row that says so.
            if isExplained || (isSame && lastChanges[path] == nil) { continue }
            var row = projector.draft(
                key, before: before.map { AuditedValue(key, Array($0.utf8)) },
                after: after.map { AuditedValue(key, $0.value) }, time: now)
            row.revision = after?.modRevision ?? to
            row.isAfterGap = true
            projection.rows.append(row)
        }
        return projection
    }

    /// As the ledger keeps text: bytes that are no UTF-8 are the same when repaired.
    private func isSame(_ before: String?, _ after: KeyValue?) -> Bool {
        let text = after.map { String(decoding: $0.value, as: UTF8.self) }
        return before.map { Array($0.utf8) } == text.map { Array($0.utf8) }
    }

    private struct Journaled {
        var path: String
        var revision: Int64
        var id: ChangeID
        var entry: JournalEntry

        var verb: ChangeVerb? { entry.verb(of: path) }
        var isDeletion: Bool { verb == .delete }
    }

    /// The accepted changes after `from` that the journal still holds, a value for each key written.
    private func journaled() -> [Journaled] {
        journal.filter { $0.modRevision > from }
            .sorted { $0.modRevision < $1.modRevision }
            .flatMap { stored -> [Journaled] in
                guard let (id, entry) = JournalIndex.entry(stored), entry.isAccepted else {
                    return []
                }
                return entry.keys.map {
                    Journaled(path: $0, revision: stored.modRevision, id: id, entry: entry)
                }
            }
    }

    /// A row for a change that the journal tells of; with the object after it if that still stands.
    private func row(_ change: Journaled) -> AuditRecord.Draft? {
        guard let key = MirrorState.auditedKey(EtcdKey(change.path)) else { return nil }
        let stands = current[change.path]?.modRevision == change.revision
        let before = known[change.path].map { AuditedValue(key, Array($0.value.utf8)) }
        let after = stands ? current[change.path].map { AuditedValue(key, $0.value) } : nil
        var row = projector.draft(key, before: before, after: after, time: now)
        projector.attribute(&row, to: change.id, change.entry, key)
        row.revision = change.revision
        row.isAfterGap = true
        switch change.verb {
        case .create: row.verb = .create
        case .update, .unchanged: row.verb = .update
        case .delete: row.verb = .delete
        case nil: break
        }
        if row.verb == .create { row.before = nil }
        return row
    }

    private func gapRow(_ reason: String) -> AuditRecord.Draft {
        var row = projector.observation("gap", reason: reason, from: from, to: to, time: now)
        row.revision = to
        row.isAfterGap = true
        return row
    }
}
