import Domain
import GRDB

/// Reads rows of a ledger page by page, for export and comparison.
package enum LedgerPages {
    /// The largest number of rows in a page. The limit keeps each read transaction short, because SQLite cannot reuse
    /// the write-ahead log during a read transaction.
    package static let size = 1000
    /// The size of documents, in bytes, at which a page ends. This second limit is needed because a single row may
    /// have megabytes.
    static let bytes = 8 << 20

    /// Returns a page of the rows with numbers from `seq` + 1 to `last`, in ascending order of their numbers. The page
    /// is empty only if the ledger has no row with one of these numbers.
    static func rows(
        _ db: Database, after seq: Int64, through last: Int64, limit: Int = size
    ) throws -> [AuditRecord] {
        let sql = """
            SELECT \(try columns(db)) FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?
            """
        return try fetch(db, sql, [seq, last, limit], bytes: bytes).rows
    }

    /// Returns about `limit` rows of changes in etcd, from the revisions after `position`. Always returns all rows
    /// of the last revision. Rows are ordered by revision, key and number.
    ///
    /// Rows of schema 1 are left out, because they do not name their key and epoch.
    static func changes(
        _ db: Database, after position: HistoryPosition, limit: Int = size
    ) throws -> [AuditRecord] {
        let columns = try columns(db)
        guard !columns.contains("NULL AS epoch") else { return [] }
        let select = "SELECT \(columns) FROM audit INDEXED BY audit_by_revision"
        let decided = "revision IS NOT NULL AND outcome = 'accepted' AND key IS NOT NULL"
        var (rows, isWhole) = try fetch(
            db,
            """
            \(select) WHERE \(decided) AND (epoch, revision) > (?, ?)
            ORDER BY epoch, revision LIMIT ?
            """, [position.epoch, position.revision, limit], bytes: bytes)
        guard !isWhole || rows.count == limit, let last = rows.last?.position else {
            return rows.inOrder
        }
        // Reads all rows of the last revision again, because the page may have only some rows of this revision.
        rows.removeAll { $0.position == last }
        rows += try fetch(
            db, "\(select) WHERE \(decided) AND epoch = ? AND revision = ?",
            [last.epoch, last.revision]
        ).rows
        return rows.inOrder
    }

    /// Returns the columns to select. Selects NULL for a column that the file's older schema lacks.
    private static func columns(_ db: Database) throws -> String {
        let present = Set(try db.columns(in: "audit").map(\.name))
        return AuditColumn.all.map { column in
            present.contains(column.name) ? column.name : "NULL AS \(column.name)"
        }.joined(separator: ", ")
    }

    /// Reads rows until their documents have at least `bytes` bytes. `isWhole` is true if `rows` has every row that
    /// `sql` selects.
    private static func fetch(
        _ db: Database, _ sql: String, _ arguments: StatementArguments, bytes: Int = .max
    ) throws -> (rows: [AuditRecord], isWhole: Bool) {
        let cursor = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
        var rows: [AuditRecord] = []
        var size = 0
        while let row = try cursor.next() {
            guard size < bytes else { return (rows, false) }
            let record = try AuditRow.record(row)
            size += (record.before?.utf8.count ?? 0) + (record.after?.utf8.count ?? 0)
            rows.append(record)
        }
        return (rows, true)
    }
}

extension Array<AuditRecord> {
    /// The rows ordered by revision, key (by its bytes) and number.
    fileprivate var inOrder: [AuditRecord] {
        sorted { left, right in
            if left.position != right.position {
                return (left.position ?? .start) < (right.position ?? .start)
            }
            let (first, second) = ((left.key ?? "").utf8, (right.key ?? "").utf8)
            if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
            return left.seq < right.seq
        }
    }
}
