import GRDB

/// Compares table `audit_scope` with the rows. A row that it lacks would be invisible to principals that are limited to
/// regions.
///
/// The regions themselves are not compared, because only the part of the program that knows Calico can derive them.
enum ScopeCheck {
    /// Rows that an older version wrote may be missing from the table, until the server has listed them.
    private static let sql = """
        SELECT min(seq) FROM audit INDEXED BY audit_by_time
        WHERE NOT EXISTS (
            SELECT 1 FROM audit_scope WHERE audit_scope.seq = audit.seq
                AND audit_scope.time = audit.time)
        AND NOT EXISTS (
            SELECT 1 FROM scope_progress
            WHERE audit.seq > scope_progress.seq AND audit.seq <= scope_progress.until)
        """

    /// Returns a finding for the first row that the table lacks.
    static func findings(_ db: Database) throws -> [LedgerFinding] {
        // A file with an older schema has no such table.
        guard try db.tableExists("audit_scope"), let seq = try Int64.fetchOne(db, sql: sql) else {
            return []
        }
        return [LedgerFinding(row: seq, "table audit_scope does not list this row with its time")]
    }
}
