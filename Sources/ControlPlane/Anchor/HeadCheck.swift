import Documents
package import Etcd
package import Store

/// Compares `head` with etcd's available history, and that history with a ledger.
///
/// It recomputes each `head` in the history from the previous `head` and from the changes of its revision. It proves
/// nothing about changes before the available history, not even their order or number.
package struct HeadCheck: Sendable {
    /// The differences between `head` in etcd and the values that a server would have written.
    package private(set) var findings: [String] = []
    /// The notes, for example about history that could not be read. Notes do not make the check fail.
    package private(set) var notes: [String] = []

    /// The largest number of etcd revisions that one `HeadCheck` reads. The limit bounds the duration of the check.
    package static let maximumRevisions: Int64 = 10_000

    /// Checks `head`. If the ledger is unreadable, adds a note and not a finding, because another check reports the
    /// errors of the ledger. Also adds a note if the etcd user may not read etcd's history. Throws every other
    /// `EtcdError`.
    ///
    /// - Parameter ledger: A function that opens the ledger's file.
    package init(
        _ store: any KeyValueStore, ledger: () throws(StoreError) -> LedgerReader
    ) async throws {
        do {
            try await check(store, ledger)
        } catch let error as StoreError {
            notes.append("the rows were not compared with etcd's history: \(error.message)")
        } catch let error as EtcdError where error.code == .permissionDenied {
            notes.append("etcd's history was not read: \(error.message)")
        }
    }

    private mutating func check(
        _ store: any KeyValueStore, _ open: () throws(StoreError) -> LedgerReader
    ) async throws {
        let stored = try await store.range(RangeRequest(.key(Keyspace.head)))
        let head = stored.keyValues.first.map { StoredHead(bytes: $0.value) }
        if case .unreadable(let unreadable)? = head {
            findings.append("etcd: \(unreadable.problem)")
        }
        let history = try await Self.history(store, newest: stored.header.revision)
        findings += history.breaks.map { "etcd: revision \($0.revision): \($0.finding.reason)" }
        try compare(history, with: open(), clusterID: Hex.text(stored.header.clusterID))
    }

    private struct History {
        /// The revision before the first revision of the history.
        var start: Int64
        var breaks: [(revision: Int64, finding: HeadFinding)] = []
        /// The accepted changes, each with its revision.
        var changes: [(revision: Int64, id: ChangeID)] = []
    }

    private static func history(
        _ store: any KeyValueStore, newest: Int64
    ) async throws -> History {
        let wanted = max(1, newest - maximumRevisions)
        let compacted = try await store.compactedRevision(past: wanted - 1)
        let start = max(wanted, compacted ?? 0)
        let before = try await store.range(RangeRequest(.key(Keyspace.head), revision: start))
        let last = try await store.newestFollowedRevision()
        guard last > start else { return History(start: start) }
        let first = before.keyValues.first
        let request = WatchRequest(.prefix(Keyspace.watchPrefix), startRevision: start + 1)
        return try await store.watch(request) { batches in
            var history = History(start: start)
            var chain = HeadChain(
                first.map { StoredHead(bytes: $0.value) } ?? .absent,
                revision: first?.modRevision ?? 0)
            for try await batch in batches {
                for changes in batch.revisions {
                    if let finding = chain.follow(changes) {
                        history.breaks.append((changes.revision, finding))
                    }
                    for event in changes.events where event.kind == .put {
                        guard let (id, reading) = JournalReading.of(event.keyValue),
                            reading.claim?.isAccepted == true
                        else { continue }
                        history.changes.append((changes.revision, id))
                    }
                }
                if batch.progressRevision >= last { break }
            }
            return history
        }
    }

    /// Checks that the ledger has every change in etcd's history, up to the revision that the ledger has reached.
    private mutating func compare(
        _ history: History, with ledger: LedgerReader, clusterID: String
    ) throws {
        guard let progress = try ledger.progress(), progress.clusterID == clusterID else {
            notes.append(
                "the ledger follows a different etcd, so its rows were not compared with this etcd")
            return
        }
        let known = (try ledger.firstWholeRevision() ?? .max)...
        for change in history.changes
        where known.contains(change.revision) && change.revision <= progress.revision {
            guard let ids = try ledger.changeIDs(at: change.revision) else {
                findings.append(
                    "etcd: revision \(change.revision): the ledger has no row of change \(change.id)"
                )
                continue
            }
            // Adds a note and not a finding, because the ledger may be correct. If the server did not believe the
            // change's journal entry, the ledger's row has the origin `external` and names no change.
            if !ids.contains(change.id.text) {
                notes.append(
                    "the ledger does not attribute revision \(change.revision) to change \(change.id)"
                )
            }
        }
        let behind = history.changes.count { $0.revision > progress.revision }
        if behind > 0 {
            notes.append(
                "\(behind) changes in etcd are newer than the ledger's last row about etcd")
        }
    }
}
