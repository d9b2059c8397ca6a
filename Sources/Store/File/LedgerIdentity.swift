import GRDB

/// Table `identity`: which ledger a file is.
enum LedgerIdentity {
    /// 32 lower-case hex digits. Throws `corrupt` when there is none.
    static func fetch(_ db: Database) throws -> String {
        guard let row = try Row.fetchOne(db, sql: "SELECT ledger FROM identity WHERE id = 1") else {
            throw StoreError(code: .corrupt, message: "the ledger has no identity")
        }
        return try ColumnReader(row: row, label: "identity").text(0)
    }
}
