import GRDB

/// Checks that table `audit_scope` lists every row. A row that the table lacks would be invisible to principals
/// that are limited to regions.
///
/// The regions in the table are not checked, because only the part of the program that knows Calico can derive
/// regions from rows.
enum ScopeCheck {
    /// Selects the first row that the table lacks. Skips the rows in the range of table `scope_progress`: an older
    /// version wrote these rows, and the server has not added them to the table yet.
    private static let sql = """
        SELECT min(seq) FROM main.audit INDEXED BY audit_by_time
        WHERE NOT EXISTS (
            SELECT 1 FROM audit_scope WHERE audit_scope.seq = audit.seq
                AND audit_scope.time = audit.time)
        AND NOT EXISTS (
            SELECT 1 FROM scope_progress
            WHERE audit.seq > scope_progress.seq AND audit.seq <= scope_progress.until)
        """

    /// Returns a finding for the first row that the table lacks.
    static func findings(_ db: Database) throws -> [LedgerFinding] {
        // A file with an older schema has no table `audit_scope`.
        guard try db.tableExists("audit_scope"), let seq = try Int64.fetchOne(db, sql: sql) else {
            return []
        }
        return [LedgerFinding(row: seq, "table audit_scope does not list this row with its time")]
    }
}
