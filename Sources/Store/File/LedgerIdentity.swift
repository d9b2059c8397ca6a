import Documents
import Foundation
import GRDB

/// Reads the name of the ledger from table `identity`.
enum LedgerIdentity {
    /// Returns the name, 32 lower-case hex digits. Throws `corrupt` if the file has no identity.
    static func fetch(_ db: Database) throws -> String {
        guard let row = try Row.fetchOne(db, sql: "SELECT ledger FROM identity WHERE id = 1") else {
            throw StoreError(code: .corrupt, message: "the ledger has no identity")
        }
        return try ColumnReader(row: row, label: "identity").text(0)
    }
}

/// Determines the identity and the epoch of a ledger, even for an old file that records neither.
enum LedgerName {
    /// Returns 32 lower-case hex digits: the file's identity. If the file has no identity, returns the first digits
    /// of the hash of the first row.
    static func of(_ db: Database) throws -> String {
        if try db.tableExists("identity"),
            let text = try String.fetchOne(db, sql: "SELECT ledger FROM identity")
        {
            return text
        }
        let hash = try Data.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY seq LIMIT 1")
        return Hex.text((hash ?? Data(repeating: 0, count: 16)).prefix(16))
    }

    /// Returns the newest epoch; 1 for an old file that records no epochs.
    static func epoch(_ db: Database) throws -> Int64 {
        try db.tableExists("coverage") ? try Coverage.epoch(db) : 1
    }
}
