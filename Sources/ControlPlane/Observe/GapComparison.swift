import Calico
package import Domain
package import Etcd
package import Store

/// Finds the changes in a part of etcd's history that this server did not follow and that etcd has compacted. It
/// compares the objects in the ledger with etcd's state at the revision `to`. It also reads the journal, whose entries
/// survive compaction. All input is in its properties.
package struct GapComparison: Sendable {
    var projector: Projector
    /// The objects in the ledger, with their last recorded values, by etcd key.
    package var known: [String: AuditedObject]
    /// The audited keys and their values in etcd at the revision `to`, by etcd key.
    var current: [String: KeyValue]
    /// The journal entries in etcd at the revision `to`.
    var journal: [KeyValue]
    /// The changes in the journal that the ledger already has.
    var recorded: Set<RecordedChange> = []
    /// The ledger's last revision; 0 if the ledger is new or belongs to another cluster.
    var from: Int64
    /// The revision of etcd at which `current` and `journal` were read.
    var to: Int64
    var now: Timestamp

    /// Creates a comparison of the ledger with etcd's state at the revision `to`.
    package init(
        projector: Projector, known: [String: AuditedObject], current: [String: KeyValue],
        journal: [KeyValue], recorded: Set<RecordedChange> = [], from: Int64, to: Int64,
        now: Timestamp
    ) {
        self.projector = projector
        self.known = known
        self.current = current
        self.journal = journal
        self.recorded = recorded
        self.from = from
        self.to = to
        self.now = now
    }

    /// Returns the rows for the gap, as one projection with the revision `to`. The first row describes the gap. The
    /// rows from the journal follow, oldest first, and then the rows from the comparison.
    package func project(reason: String) -> Projection {
        var projection = Projection(revision: to, rows: [gapRow(reason)], isAfterGap: true)
        var last: [String: Journaled] = [:]
        var states: [String: KnownState] = [:]
        let (journaled, doubts) = readJournal()
        for change in journaled {
            guard let key = AuditedKey(EtcdKey(change.path)) else { continue }
            let after = state(after: change, key)
            projection.rows.append(row(change, key, states[change.path] ?? first(key), after))
            (states[change.path], last[change.path]) = (after, change)
        }
        for path in Set(known.keys).union(current.keys).sorted() {
            guard let key = AuditedKey(EtcdKey(path)) else { continue }
            let (before, after) = (known[path], current[path])
            // A key that was written again with the same value counts as changed, because its mod_revision differs.
            let isSame = before?.modRevision == after?.modRevision && isSame(before, after)
            if !isSame {
                projection.objects.append(
                    projector.objectChange(
                        key, after.map { AuditedValue(key, $0.value) },
                        modRevision: after?.modRevision ?? to))
            }
            // True if the key's last change in the journal led to the key's present state. For an existing key, the
            // change must have the key's mod_revision. For an absent key, the change must be a deletion.
            let isExplained =
                last[path].map { last in
                    after.map { $0.modRevision == last.revision } ?? last.isDeletion
                } ?? false
            // Adds no row if the journal explains the present value, or if the key is unchanged and the journal has no
            // change to the key. In all other cases adds a row, so that the last row of the key shows the present
            // value.
            if isExplained || (isSame && last[path] == nil) { continue }
            var row = row(key, states[path], after)
            if let doubt = doubts[path], doubt.revision == row.revision {
                row.detail = doubt.doubt.detail(doubt.id)
            }
            projection.rows.append(row)
        }
        return projection
    }

    /// True if a key in etcd differs from the ledger's object although no write after `from` changed the key. Then etcd
    /// was restored, and the ledger's state at `from` is not part of etcd's past.
    package var isOfAnotherPast: Bool {
        current.contains { path, keyValue in
            guard keyValue.modRevision <= from, path == path.withoutNUL else { return false }
            return known[path]?.modRevision != keyValue.modRevision
                || !isSame(known[path], keyValue)
        }
    }

    /// Returns true if `text`, from the ledger, is the same value as `bytes`, from etcd. The ledger replaces NUL and
    /// bytes that are not UTF-8 before it stores a value. The replaced form counts as the same value.
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

        /// The change in the form of the elements of `recorded`; nil if the time of the entry is malformed.
        var recorded: RecordedChange? {
            Timestamp(rfc3339: entry.time).map {
                RecordedChange(changeID: id.text, key: path, revision: revision, time: $0)
            }
        }
    }

    /// The value of a key between two changes.
    private enum KnownState {
        case value(AuditedValue?)
        /// An object existed, but this server did not see its value.
        case unseen

        var value: AuditedValue? { if case .value(let value) = self { value } else { nil } }
        var existed: Bool { if case .value(nil) = self { false } else { true } }
    }

    /// The newest doubtful journal entry that claims to have changed a key.
    private struct Doubted {
        var revision: Int64
        var id: ChangeID
        var doubt: JournalDoubt
    }

    /// Returns the accepted changes after `from` that are in the journal but not in the ledger, one element for each
    /// written key. Also returns the doubtful entries by key.
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

    /// Returns a doubt if an authentic entry was not made for the transaction at `revision`; nil otherwise. The doubt
    /// has two possible grounds: the ledger has the same entry from another revision, or a value that was stored at
    /// `revision` differs from the entry's digest.
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
            .notAuthentic("it was made for a different \(isReplay ? "revision" : "value")"),
            claim: entry)
    }

    /// Returns the key's value before the key's first change in the journal: the last value in the ledger. Returns
    /// `unseen` if the ledger's objects are from another etcd, or from the time before a restore.
    private func first(_ key: AuditedKey) -> KnownState {
        guard from > 0 || known.isEmpty else { return .unseen }
        return .value(known[key.path].map { AuditedValue(key, Array($0.value.utf8)) })
    }

    private func state(after change: Journaled, _ key: AuditedKey) -> KnownState {
        if let stored = current[change.path], stored.modRevision == change.revision {
            return .value(AuditedValue(key, stored.value))
        }
        return change.isDeletion ? .value(nil) : .unseen
    }

    /// Returns the row of a change in the journal. The row contains the object before and after the change, if known.
    private func row(
        _ change: Journaled, _ key: AuditedKey, _ before: KnownState, _ after: KnownState
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

    /// Returns the row of a change that only the comparison shows.
    ///
    /// - Parameter state: The value after the key's last change in the journal; nil if the journal has no change of the
    ///   key.
    private func row(
        _ key: AuditedKey, _ state: KnownState?, _ after: KeyValue?
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
