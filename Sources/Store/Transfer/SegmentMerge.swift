import Domain
import GRDB

/// Adds the content of a segment to the ledger, within the caller's transaction.
struct SegmentMerge {
    let plan: ImportPlan
    let db: Database

    /// A contradiction between the imported rows and a state that this ledger knew before the import.
    fileprivate struct Conflict {
        /// The position at which the states differ: the beginning of a known range of this ledger.
        var start: HistoryPosition
        /// The position at which the object was written according to the segment; nil if the object did not exist
        /// according to the segment.
        var claimed: HistoryPosition?
    }

    func carryOut(
        with writer: inout LedgerWriter, now: Timestamp
    ) throws -> ImportSummary {
        let known = try Coverage.all(db)
        let newest = HistoryPosition(epoch: writer.epoch, revision: writer.progress?.revision ?? 0)
        let lastRow = writer.lastSeq
        var summary = ImportSummary(ledger: plan.header.ledger)
        var firstPlaces: [String: HistoryPosition] = [:]
        try plan.forEach { row in
            let position = row.position
            if let position {
                try require(position.epoch <= newest.epoch)
                // Skips a change after the last revision of this ledger, because the server will receive this
                // change from etcd.
                guard position <= newest else { return }
            }
            guard try row.isMissing(in: db) else { return }
            try writer.append([row.draft], to: db)
            summary.count(row)
            guard let position, let key = row.record.key else { return }
            firstPlaces[key] = min(firstPlaces[key] ?? position, position)
        }
        let conflicts = try keepStates(firstPlaces, known.map(\.start).sorted(), lastRow)
        if summary.rows > 0 { try writer.append([summary.row(now)], to: db) }
        for range in try ranges(known, newest) {
            guard !conflicts.contains(where: { $0.isWithin(range) }) else {
                throw plan.error("lacks changes of revisions that its first line lists")
            }
            try Coverage.merge(range, in: db)
        }
        return summary
    }

    private func require(_ isPast: Bool) throws {
        guard isPast else {
            throw plan.error(
                "was written after a restore of etcd that this ledger has not seen; "
                    + "start and stop the ledger's server once, and then import")
        }
    }

    /// Restores the states of `keys` at `starts`, as they were before the import. Imported rows can change such a
    /// state, for example if the segment lacks the deletion of an object.
    ///
    /// Returns a conflict for each restored state, unless the restored state and the imported state come from the same
    /// write.
    ///
    /// - Parameter starts: The positions at which known ranges begin.
    private func keepStates(
        _ keys: [String: HistoryPosition], _ starts: [HistoryPosition], _ lastRow: Int64
    ) throws -> [Conflict] {
        var conflicts: [Conflict] = []
        for (key, first) in keys {
            for start in starts where start > first {
                let before = try HistoricalObject(db, key, at: start, lastRow: lastRow)
                let after = try HistoricalObject(db, key, at: start)
                guard before?.position != after?.position else { continue }
                try RetainedVersion.put(before, key, at: start, in: db)
                // Compares revision and value, because after a restore of etcd the same write may have different
                // epochs in the two ledgers.
                let isSameWrite =
                    before?.position.revision == after?.position.revision
                    && before?.value == after?.value
                if !isSameWrite {
                    conflicts.append(Conflict(start: start, claimed: after?.position))
                }
            }
        }
        return conflicts
    }

    /// Returns the ranges in the segment's header, with epochs of this ledger. Cuts off the part of a range that is
    /// after all rows of the segment and after all known ranges of this ledger, because only the header claims to know
    /// this part.
    private func ranges(_ known: [Coverage], _ newest: HistoryPosition) throws -> [Coverage] {
        try plan.header.coverage.compactMap { claimed in
            let epoch = claimed.epoch + plan.offset
            try require(epoch <= newest.epoch)
            let ofRows = plan.lastRevisions[claimed.epoch] ?? 0
            let own = known.filter { $0.epoch == epoch }.map(\.last).max() ?? 0
            var last = min(claimed.last, max(ofRows, own))
            if epoch == newest.epoch { last = min(last, newest.revision) }
            var range = Coverage(epoch: epoch, first: claimed.first, last: last)
            if let lacking = try firstLacking(range) { range.last = lacking - 1 }
            return range.first < range.last ? range : nil
        }
    }

    /// Returns the first revision of `range` at which this ledger has no complete row of a change, but only a row that
    /// was reconstructed after a gap; nil if there is none. Ignores deletions, because a reconstructed deletion may
    /// have a wrong revision.
    private func firstLacking(_ range: Coverage) throws -> Int64? {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT revision FROM audit INDEXED BY audit_by_revision
                WHERE epoch = ? AND revision > ? AND revision <= ? AND gap = 1
                    AND outcome = 'accepted' AND verb <> 'delete' AND key IS NOT NULL
                    AND NOT EXISTS (
                        SELECT 1 FROM audit AS whole INDEXED BY audit_by_key
                        WHERE whole.key = audit.key AND whole.epoch = audit.epoch
                            AND whole.revision = audit.revision AND whole.gap = 0)
                ORDER BY revision LIMIT 1
                """, arguments: [range.epoch, range.first, range.last])
    }
}

extension Coverage {
    fileprivate var start: HistoryPosition { HistoryPosition(epoch: epoch, revision: first) }
}

extension SegmentMerge.Conflict {
    /// Returns true if this conflict shows that the segment lacks a change of `range`.
    fileprivate func isWithin(_ range: Coverage) -> Bool {
        guard range.holds(start) else { return false }
        return claimed.map { $0.epoch == range.epoch && $0.revision >= range.first } ?? true
    }
}
