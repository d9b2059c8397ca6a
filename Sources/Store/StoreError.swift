import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The reason why the ledger could not be opened, read or written.
package struct StoreError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable, CaseIterable {
        /// The directory or the file cannot be created or opened.
        case cannotOpen
        /// The file is locked, because another process or another `AuditLedger` of this process uses it.
        case locked
        /// The file is not a ledger: it is not an SQLite file, or it belongs to another program.
        case notALedger
        /// The file cannot be used, because a later version of this program has written it.
        case newerSchema
        /// The file is damaged: SQLite has reported damage, or rows or values are missing or malformed.
        case corrupt
        case diskFull
        /// The file or its file system cannot be written.
        case readOnly
        /// The operating system reported an error while reading or writing.
        case io
        /// The file cannot be read or written, because another program held SQLite's lock for longer than the busy
        /// timeout.
        case busy
        /// The rows were rejected, because too many rows already wait to be written.
        case overloaded
        /// The write or the comparison was refused, because the ledger follows another etcd cluster.
        case clusterMismatch
        /// The segment cannot be used: its file is not a segment, is incomplete, has wrong hashes, or does not fit the
        /// ledger.
        case badSegment
        /// A file with a key or another secret cannot be used: for example, it is missing, other users have access to
        /// it, or it holds no key.
        case unusableKey
        /// The write was rejected, because the ledger has been closed.
        case closed
        /// SQLite reported any other error. Such an error is a defect of this program.
        case unexpected
    }

    package var code: Code
    /// The message for people. It names the file, the cause and the remedy.
    package var message: String
    /// SQLite's extended result code or the `errno`; nil if there is neither.
    package var systemCode: Int32?

    package init(code: Code, message: String, systemCode: Int32? = nil) {
        self.code = code
        self.message = message
        self.systemCode = systemCode
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String { message }
}

extension StoreError {
    /// Converts `error`, which an operation on the ledger at `path` has thrown.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(sqlite: error, path: path)
        default: self.init(code: .unexpected, message: "\(path): \(error)")
        }
    }

    /// Converts an SQLite error. https://www.sqlite.org/rescode.html describes the result codes.
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
            (
                .diskFull,
                "Make room on its file system; the server then writes again without a restart."
            )
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
            (.busy, "Another program is using the file: end that program.")
        default:
            (.unexpected, "This is a defect: please report it.")
        }
    }
}

extension StoreError {
    init(code: Code, path: String, errno number: Int32) {
        let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        let code = number == ENOSPC ? .diskFull : number == EROFS ? .readOnly : code
        self.init(
            code: code, message: "\(path): \(text). \(Self.advice(number))", systemCode: number)
    }

    /// The advice for a user who gave a file that is not a ledger.
    static let ledgerName = "A ledger is audit.sqlite in the server's data folder (--data-dir)."

    private static func advice(_ number: Int32) -> String {
        switch number {
        case ENOENT: "Check the name, and that its folder exists."
        case ENOTDIR: "A part of the path is a file: check the path."
        case EISDIR: "That is a folder: name a file in it."
        case EACCES, EPERM: "Check the owner and mode of the file and its folder."
        case EROFS: "Its file system is read-only: choose another place, or mount it writable."
        case ENOSPC, EDQUOT: "Make room on its file system."
        case ENAMETOOLONG: "Choose a shorter name."
        case EMFILE, ENFILE: "Raise the limit of open files (ulimit -n)."
        case ELOOP: "That is a symbolic link, which is not followed here: name the file itself."
        default: "Look at the system log for errors of its disk."
        }
    }
}
