import Domain
import GRDB

/// Lets a reader read a file of an older schema without a migration.
enum OlderSchema {
    /// Makes column `approval` readable if table `audit` lacks only this column. Does not change the file: for this
    /// connection, a temporary view hides the table, and shows NULL as `approval` in every row. The hashes of the rows
    /// stay the same, because the canonical form leaves out NULL.
    ///
    /// A view has no indexes, so a query with `INDEXED BY` must name `main.audit`.
    static func addMissingColumns(_ db: Database) throws {
        guard try db.tableExists("audit") else { return }
        let existing = Set(try db.columns(in: "audit").map(\.name))
        let missing = AuditColumn.all.map(\.name).filter { !existing.contains($0) }
        // A file of schema 1 lacks more columns and stays unchanged. The verifier rejects a file of schema 1.
        guard missing == ["approval"] else { return }
        let columns = missing.map { ", NULL AS \($0)" }.joined()
        try db.execute(sql: "CREATE TEMP VIEW audit AS SELECT *\(columns) FROM main.audit")
    }
}
