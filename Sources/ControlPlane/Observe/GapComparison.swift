import Calico
import Domain
import Etcd
import Store

/// Finds out what changed while etcd's history was not followed and is gone: by comparing what the
/// ledger last knew with what etcd held at the first revision it still has, and by the journal,
/// which outlives compaction. Pure.
struct GapComparison: Sendable {
    var projector: Projector
    /// The ledger's last known objects, by etcd key.
    var known: [String: AuditedObject]
    /// Every audited key at `to`, by etcd key.
    var current: [String: KeyValue]
    /// The journal's entries at `to`.
    var journal: [KeyValue]
    /// The journal's changes that the ledger already has.
    var recorded: Set<RecordedChange> = []
    /// The last revision the ledger has; 0 for a new ledger, or for another cluster's.
    var from: Int64
    /// The revision that was listed.
    var to: Int64
    var now: Timestamp

    /// One projection at `to`: first a row that tells of the gap, then what journal and comparison
    /// show, oldest first.
    func project(reason: String) -> Projection {
        var projection = Projection(revision: to, rows: [gapRow(reason)], isAfterGap: true)
        var last: [String: Journaled] = [:]
        var states: [String: KnownState] = [:]
        let (journaled, doubts) = readJournal()
        for change in journaled {
            guard let key = MirrorState.auditedKey(EtcdKey(change.path)) else { continue }
            let after = state(after: change, key)
            projection.rows.append(row(change, key, states[change.path] ?? first(key), after))
            (states[change.path], last[change.path]) = (after, change)
        }
        for path in Set(known.keys).union(current.keys).sorted() {
            guard let key = MirrorState.auditedKey(EtcdKey(path)) else { continue }
            let (before, after) = (known[path], current[path])
            // A write of the very same value is a write as well.
            let isSame = before?.modRevision == after?.modRevision && isSame(before, after)
            if !isSame {
                projection.objects.append(
                    projector.objectChange(
                        key, after.map { AuditedValue(key, $0.value) },
                        modRevision: after?.modRevision ?? to))
            }
            // A deletion leaves no revision to compare: it is the journal's if that ends with one.
            let isExplained =
                last[path].map { last in
                    after.map { $0.modRevision == last.revision } ?? last.isDeletion
                } ?? false
            // A key that was changed and changed back needs a last row that shows it.
            if isExplained || (isSame && last[path] == nil) { continue }
            var row = row(key, states[path], after)
            if let doubt = doubts[path], doubt.revision == row.revision {
                row.detail = doubt.doubt.detail(doubt.id)
            }
            projection.rows.append(row)
        }
        return projection
    }

    /// True if etcd's state cannot have followed from the ledger's state at `from`: etcd was restored.
    var isOfAnotherPast: Bool {
        current.contains { path, keyValue in
            guard keyValue.modRevision <= from, path == path.withoutNUL else { return false }
            return known[path]?.modRevision != keyValue.modRevision
                || !isSame(known[path], keyValue)
        }
    }

    /// Compares as the ledger keeps text, where bytes that are not UTF-8 are repaired.
    static func isSame(_ text: String, _ bytes: [UInt8]) -> Bool {
        text.utf8.elementsEqual(bytes)
            || text.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).withoutNUL.utf8)
    }

    private func isSame(_ before: AuditedObject?, _ after: KeyValue?) -> Bool {
        guard let before, let after else { return before == nil && after == nil }
        return Self.isSame(before.value, after.value)
    }

    private struct Journaled {
        var path: String
        var revision: Int64
        var id: ChangeID
        var entry: JournalEntry

        var verb: ChangeVerb? { entry.verb(of: path) }
        var isDeletion: Bool { verb == .delete }

        /// The change in the form in which the ledger records it.
        var recorded: RecordedChange? {
            Timestamp(rfc3339: entry.time).map {
                RecordedChange(changeID: id.text, key: path, revision: revision, time: $0)
            }
        }
    }

    /// The value of a key between two of its changes.
    private enum KnownState {
        case value(AuditedValue?)
        /// There was an object, but nobody saw it.
        case unseen

        var value: AuditedValue? { if case .value(let value) = self { value } else { nil } }
        var existed: Bool { if case .value(nil) = self { false } else { true } }
    }

    /// An entry that claims the newest change of a key and is not to be believed.
    private struct Doubted {
        var revision: Int64
        var id: ChangeID
        var doubt: JournalDoubt
    }

    /// The accepted changes after `from` that the journal still holds and the ledger does not have, a
    /// value for each key written; and by key what is not to be believed.
    private func readJournal() -> (changes: [Journaled], doubts: [String: Doubted]) {
        var changes: [Journaled] = []
        var doubts: [String: Doubted] = [:]
        for stored in journal.filter({ $0.modRevision > from }).sorted(by: {
            $0.modRevision < $1.modRevision
        }) {
            guard let (id, reading) = projector.authenticator.read(stored),
                let claim = reading.claim, claim.isAccepted
            else { continue }
            if let doubt = reading.doubt ?? doubt(of: claim, id, stored.modRevision) {
                for key in claim.keys {
                    doubts[key] = Doubted(revision: stored.modRevision, id: id, doubt: doubt)
                }
                continue
            }
            changes += claim.keys.map {
                Journaled(path: $0, revision: stored.modRevision, id: id, entry: claim)
            }
        }
        return (
            changes.filter { change in change.recorded.map { !recorded.contains($0) } ?? true },
            doubts
        )
    }

    /// Why an authentic entry was not made for the transaction at `revision`: the ledger has it from
    /// another one, or a value that is still there is another.
    private func doubt(
        of entry: JournalEntry, _ id: ChangeID, _ revision: Int64
    ) -> JournalDoubt? {
        guard projector.authenticator.isOn else { return nil }
        let isReplay = recorded.contains {
            $0.changeID == id.text && $0.revision != revision
                && $0.time == Timestamp(rfc3339: entry.time)
        }
        let isOther = zip(entry.keys, entry.digests).contains { key, digest in
            guard let stored = current[key], stored.modRevision == revision else { return false }
            return JournalEntry.digest(stored.value) != digest
        }
        guard isReplay || isOther else { return nil }
        return JournalDoubt(
            .notAuthentic("it was made for another \(isReplay ? "revision" : "value")"),
            claim: entry)
    }

    /// Returns the value before the first change in the journal. That is the ledger's last value, unless it came
    /// from another etcd or from before a restore.
    private func first(_ key: ResourceKey) -> KnownState {
        guard from > 0 || known.isEmpty else { return .unseen }
        return .value(known[key.path].map { AuditedValue(key, Array($0.value.utf8)) })
    }

    private func state(after change: Journaled, _ key: ResourceKey) -> KnownState {
        if let stored = current[change.path], stored.modRevision == change.revision {
            return .value(AuditedValue(key, stored.value))
        }
        return change.isDeletion ? .value(nil) : .unseen
    }

    /// A row for a change that the journal tells of; with the object before and after it as far as they
    /// are known.
    private func row(
        _ change: Journaled, _ key: ResourceKey, _ before: KnownState, _ after: KnownState
    ) -> AuditRecord.Draft {
        var row = projector.draft(
            key, before: change.verb == .create ? nil : before.value, after: after.value, time: now)
        if before.value == nil, after.value == nil, let named = known[change.path] {
            (row.kind, row.name, row.region) = (named.kind, named.name, named.region)
        }
        projector.attribute(&row, to: change.id, change.entry, key)
        row.revision = change.revision
        row.isAfterGap = true
        switch change.verb {
        case .create: row.verb = .create
        case .update, .unchanged: row.verb = .update
        case .delete: row.verb = .delete
        case nil: break
        }
        return row
    }

    /// A row for what only the comparison shows, after `state` when the journal told of the key.
    private func row(
        _ key: ResourceKey, _ state: KnownState?, _ after: KeyValue?
    ) -> AuditRecord.Draft {
        let before =
            state ?? .value(known[key.path].map { AuditedValue(key, Array($0.value.utf8)) })
        var row = projector.draft(
            key, before: before.value, after: after.map { AuditedValue(key, $0.value) }, time: now)
        if before.existed, after != nil { row.verb = .update }
        row.revision = after?.modRevision ?? to
        row.isAfterGap = true
        return row
    }

    private func gapRow(_ reason: String) -> AuditRecord.Draft {
        var row = projector.observation("gap", reason: reason, from: from, to: to, time: now)
        row.revision = to
        row.isAfterGap = true
        return row
    }
}
