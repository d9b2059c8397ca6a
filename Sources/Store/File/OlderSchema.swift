import Domain
import GRDB

/// Lets a reader read a file of an older schema, which it must not migrate.
enum OlderSchema {
    /// Adds the columns of table `audit` that the file does not have yet, with NULL in every row. A temporary view of
    /// the same name hides the table from this connection only. The canonical form leaves NULL out, so the rows hash
    /// as before. A view has no indexes, so a query with `INDEXED BY` must name `main.audit`.
    static func addMissingColumns(_ db: Database) throws {
        guard try db.tableExists("audit") else { return }
        let existing = Set(try db.columns(in: "audit").map(\.name))
        let missing = AuditColumn.all.map(\.name).filter { !existing.contains($0) }
        // Rows of the first schemas lack columns that the verifier reports.
        guard missing == ["approval"] else { return }
        let columns = missing.map { ", NULL AS \($0)" }.joined()
        try db.execute(sql: "CREATE TEMP VIEW audit AS SELECT *\(columns) FROM main.audit")
    }
}
