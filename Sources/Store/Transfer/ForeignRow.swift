import Domain
import Foundation
import GRDB

/// A row of another ledger on its way into this one.
struct ForeignRow: Sendable {
    let record: AuditRecord
    /// Identity of that ledger.
    let ledger: String
    /// What is added to its epochs to make them this ledger's.
    let epochOffset: Int64

    /// Whether the row may be imported at all: what etcd decided, and with `all` that replica's own rows
    /// about attempts, reads and holds. Rows about the state of that ledger and its keys stay there.
    func isWanted(all: Bool) -> Bool {
        if record.kind == "Ledger" || record.kind == SigningKeyRow.kind { return false }
        if record.revision != nil { return record.outcome == .accepted }
        return all && record.sourceLedger == nil
    }

    /// As this ledger's own row, with its provenance.
    var draft: AuditRecord.Draft {
        var draft = record.entry
        draft.epoch = place?.epoch
        draft.sourceLedger = ledger
        draft.sourceSeq = record.seq
        draft.sourceHash = record.hash.description
        return draft
    }

    /// In this ledger's epochs; rows of schema 1 are of their ledger's first.
    var place: HistoryPlace? {
        record.revision.map { HistoryPlace(epoch: (record.epoch ?? 1) + epochOffset, revision: $0) }
    }

    /// Whether `db` lacks the row. Throws `badSegment` when it has another one in its place.
    func isMissing(in db: Database) throws -> Bool {
        guard let place else { return try !isImported(in: db) }
        let same = try rows(db, at: place)
        guard let whole = same.first(where: { !$0.isAfterGap }) else {
            return record.isAfterGap ? same.isEmpty : true
        }
        if !record.isAfterGap, let field = RowDifference.first(whole.entry, draft) {
            throw StoreError(
                code: .badSegment,
                message:
                    "row \(record.seq) of ledger \(ledger): "
                    + "this ledger has another \(field.name) of \(record.kind) \(record.name) at revision \(place.revision); "
                    + "policy-server audit compare shows it.")
        }
        return false
    }

    /// The accepted changes of the same object that `db` has at `place`.
    func rows(_ db: Database, at place: HistoryPlace) throws -> [AuditRecord] {
        var rows = try rows(db, "epoch = ? AND revision = ?", [place.epoch, place.revision])
        // Rows of schema 1 do not name their epoch, the first.
        if place.epoch == 1 {
            rows += try self.rows(db, "epoch IS NULL AND revision = ?", [place.revision])
        }
        return rows.filter { isSameObject($0) && $0.outcome == .accepted }
    }

    /// Whether `other`, of the same object and revision, is about this very change: after a restore of etcd
    /// another one may be at that revision.
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
