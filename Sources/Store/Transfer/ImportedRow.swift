import Domain
import Foundation
import GRDB

/// A row from a segment, to be imported into this ledger. The segment may be from another ledger.
struct ImportedRow: Sendable {
    let record: AuditRecord
    /// The identity of the ledger that wrote the segment.
    let ledger: String
    /// The number to add to an epoch of the segment to get an epoch of this ledger.
    let epochOffset: Int64

    /// Returns true if the row is to be imported. Accepted changes in etcd are always imported. Rows about a ledger and
    /// about signing keys are never imported.
    ///
    /// - Parameter all: True to import also the segment's rows about refusals, reads and holds.
    func isWanted(all: Bool) -> Bool {
        if record.kind == AuditKind.ledger.rawValue || record.kind == SigningKeyRow.kind {
            return false
        }
        if record.revision != nil { return record.outcome == .accepted }
        return all && record.sourceLedger == nil
    }

    /// The row in the form in which this ledger writes it. The row names its source: the other ledger, and the row's
    /// number and hash in the other ledger.
    var draft: AuditRecord.Draft {
        var draft = record.entry
        draft.epoch = position?.epoch
        draft.sourceLedger = ledger
        draft.sourceSeq = record.seq
        draft.sourceHash = record.hash.description
        return draft
    }

    /// The position of the row, with the epoch of this ledger; nil for a row without a revision. Rows of schema 1
    /// belong to the first epoch of the segment's ledger.
    var position: HistoryPosition? {
        record.revision.map {
            HistoryPosition(epoch: (record.epoch ?? 1) + epochOffset, revision: $0)
        }
    }

    /// Returns true if `db` lacks the row. Throws `badSegment` if `db` has a different row for the same change.
    func isMissing(in db: Database) throws -> Bool {
        guard let position else { return try !isImported(in: db) }
        let same = try rows(db, at: position)
        // A row that was reconstructed after a gap in etcd's history may lack data of the change. So the comparison
        // uses only a row that was not reconstructed.
        guard let whole = same.first(where: { !$0.isAfterGap }) else {
            return record.isAfterGap ? same.isEmpty : true
        }
        if !record.isAfterGap, let field = RowDifference.first(whole.entry, draft) {
            throw StoreError(
                code: .badSegment,
                message:
                    "row \(record.seq) of ledger \(ledger): "
                    + "in this ledger, the row about \(record.kind) \(record.name) at revision "
                    + "\(position.revision) has a different \(field.name). Compare the two ledgers with policy-server audit compare."
            )
        }
        return false
    }

    /// Returns the rows in `db` that record accepted changes of the same object at `position`.
    func rows(_ db: Database, at position: HistoryPosition) throws -> [AuditRecord] {
        var rows = try rows(db, "epoch = ? AND revision = ?", [position.epoch, position.revision])
        // Rows of schema 1 have no epoch, and count as epoch 1.
        if position.epoch == 1 {
            rows += try self.rows(db, "epoch IS NULL AND revision = ?", [position.revision])
        }
        return rows.filter { isSameObject($0) && $0.outcome == .accepted }
    }

    /// Returns true if `other` is about the same change as this row. A row about the same object and revision may be
    /// about a different change, because etcd gives out revisions again after it was restored.
    ///
    /// - Parameter other: A row about the same object and revision.
    func isSameChange(_ other: AuditRecord) -> Bool {
        guard record.changeID == other.changeID else { return false }
        if record.changeID != nil { return record.time == other.time }
        return RowDifference.first(record.entry, other.entry) == nil
    }

    private func rows(
        _ db: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [AuditRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(AuditRow.columns) FROM audit INDEXED BY audit_by_revision
                WHERE revision IS NOT NULL AND \(condition)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map(AuditRow.record)
    }

    private func isSameObject(_ other: AuditRecord) -> Bool {
        if let key = record.key, let otherKey = other.key { return key == otherKey }
        return (record.kind, record.name, record.region) == (other.kind, other.name, other.region)
    }

    private func isImported(in db: Database) throws -> Bool {
        if ledger == (try LedgerName.of(db)) {
            let statement = try db.cachedStatement(sql: "SELECT hash FROM audit WHERE seq = ?")
            let hash = try Data.fetchOne(statement, arguments: [record.seq])
            if hash.map([UInt8].init) == record.hash.bytes { return true }
        }
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM audit INDEXED BY audit_by_source
                    WHERE source_ledger = ? AND source_seq = ?)
                """)
        return try Bool.fetchOne(statement, arguments: [ledger, record.seq]) ?? false
    }
}

/// One change in etcd that two ledgers have recorded, with its position in each ledger. The ledgers may number their
/// epochs differently. The change shows which two epoch numbers stand for the same part of etcd's history.
struct EpochEvidence: Sendable {
    let theirs: HistoryPosition
    let ours: HistoryPosition

    /// Returns the newest change in `rows` that the ledger in `db` has too; nil if there is none.
    ///
    /// - Parameter rows: Rows of the other ledger. Their positions must have the other ledger's epochs.
    static func newest(_ rows: [ImportedRow], _ db: Database) throws -> EpochEvidence? {
        guard !rows.isEmpty, let epochs = try Epochs.all(db) else { return nil }
        let newestFirst = rows.compactMap { row in row.position.map { (row, $0) } }
            .sorted { $0.1 > $1.1 }
        for (row, position) in newestFirst {
            let same = try epochs.reversed().flatMap { epoch in
                try row.rows(db, at: HistoryPosition(epoch: epoch, revision: position.revision))
            }.filter(row.isSameChange)
            // Prefers a row that was not reconstructed after a gap, because the change in a reconstructed row may be
            // from an earlier epoch than the row says.
            guard let ours = same.first(where: { !$0.isAfterGap }) ?? same.first else { continue }
            return EpochEvidence(
                theirs: position,
                ours: HistoryPosition(epoch: ours.epoch ?? 1, revision: position.revision))
        }
        return nil
    }

    /// Returns the epoch of the ledger in `db` at `time`. Returns the first epoch if `time` is before all epochs.
    static func epoch(at time: Timestamp, _ db: Database) throws -> Int64 {
        let epochs = Set(try Coverage.all(db).map(\.epoch)).filter { $0 > 0 }.sorted()
        let begun = try epochs.last { epoch in
            let start = HistoryPosition(epoch: epoch, revision: .min)
            guard let first = try Moment.first(atOrAfter: start, db), first.position.epoch == epoch
            else { return false }
            return first.time <= time
        }
        return begun ?? epochs.first ?? 1
    }
}
