import GRDB

/// The epochs that rows are of: few, and those of imported rows may be below 1.
enum Epochs {
    /// Ascending, one look-up for each; nil when there are more than `limit`. Rows of schema 1, which name
    /// none, do not count.
    static func all(_ db: Database, limit: Int = 1_000) throws -> [Int64]? {
        let statement = try db.cachedStatement(sql: nextSQL)
        var epochs: [Int64] = []
        var last = Int64.min
        while let epoch = try Int64.fetchOne(statement, arguments: [last]) {
            guard epochs.count < limit else { return nil }
            epochs.append(epoch)
            last = epoch
        }
        return epochs
    }

    static let nextSQL = """
        SELECT epoch FROM audit INDEXED BY audit_by_revision \
        WHERE revision IS NOT NULL AND epoch > ? ORDER BY epoch LIMIT 1
        """
}
