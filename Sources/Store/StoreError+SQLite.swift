import GRDB

extension StoreError {
    /// `error` in this module's terms, for the ledger at `path`.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(sqlite: error, path: path)
        default: self.init(code: .unexpected, message: "\(path): \(error)")
        }
    }

    /// https://www.sqlite.org/rescode.html
    private init(sqlite error: DatabaseError, path: String) {
        let (code, advice) = Self.meaning(of: error.resultCode)
        let text =
            error.resultCode == .SQLITE_NOTADB
            ? "not an SQLite file, so not an audit ledger"
            : error.message ?? String(describing: error.resultCode)
        let number = error.extendedResultCode.rawValue
        self.init(
            code: code, message: "\(path): \(text) (SQLite \(number)). \(advice)",
            systemCode: number)
    }

    private static func meaning(of code: ResultCode) -> (Code, advice: String) {
        switch code {
        case .SQLITE_FULL:
            (.diskFull, "Free space on its file system; writing resumes by itself.")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            (.readOnly, "Make the file, its directory and its file system writable.")
        case .SQLITE_IOERR:
            (.io, "Look at the system log for errors of its disk.")
        case .SQLITE_CORRUPT:
            (.corrupt, "Move the file away and restore a backup, or start without it.")
        case .SQLITE_NOTADB:
            (.notALedger, StoreError.ledgerName)
        case .SQLITE_CANTOPEN:
            (.cannotOpen, "Check that this user may read the file, and write in its folder.")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            (.busy, "Another program is using the file: end it.")
        default:
            (.unexpected, "This is a defect: please report it.")
        }
    }
}
