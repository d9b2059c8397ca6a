import Domain
import GRDB

/// Adds the content of a segment to the ledger, within the caller's transaction.
struct SegmentMerge {
    let plan: ImportPlan
    let db: Database

    /// A state that this ledger knew before, and that the imported rows contradict.
    fileprivate struct Conflict {
        /// The beginning of the known range at which the states differ.
        var start: HistoryPosition
        /// The position at which the object was written according to the segment; nil if the segment says that it was
        /// deleted.
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
                // The server will receive this change from etcd itself.
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

    /// Preserves the state at the beginning of each range in `starts`. An object may have been deleted between
    /// the segment and the range, and the segment does not show this deletion.
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
                // After a restore of etcd the same write has an older epoch in this ledger than in the other
                // one.
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

    /// Returns the ranges in the segment's header, cut at the last revision of its rows or of this ledger. Beyond
    /// these revisions no row supports the header.
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

    /// Returns the first revision of the range for which only a row found after a gap is known. Deletions are
    /// ignored, because after a gap a deletion may be recorded at another revision than its own.
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
    /// Returns true if a segment with every change of `range` would contain the difference.
    fileprivate func isWithin(_ range: Coverage) -> Bool {
        guard range.holds(start) else { return false }
        return claimed.map { $0.epoch == range.epoch && $0.revision >= range.first } ?? true
    }
}
