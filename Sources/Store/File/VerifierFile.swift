import Foundation
import GRDB

/// Opens a ledger's file for reading only, beside a server that writes to it or as a copy of its own.
enum VerifierFile {
    /// Makes no files beside `path`, and takes no lock that a writer waits for.
    ///
    /// Throws `cannotOpen`, `notALedger`, `newerSchema` or what SQLite reports.
    static func open(_ path: String) throws(StoreError) -> DatabaseQueue {
        try LedgerFile.checkReadable(path)
        try LedgerFile.checkHeader(path)
        do {
            let queue = try connect(path)
            try queue.read { try checkOwner($0, path: path) }
            return queue
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Without a write-ahead log nobody has the file open, and it is read as it lies there: SQLite would
    /// otherwise make a log and leave it behind, or fail where it cannot.
    private static func connect(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "audit-verifier"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
        }
        guard !FileManager.default.fileExists(atPath: path + "-wal"),
            let name = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed),
            // An SQLite without URI names (SQLITE_USE_URI) takes this for a file that is not there.
            let queue = try? DatabaseQueue(
                path: "file:\(name)?immutable=1", configuration: configuration)
        else { return try DatabaseQueue(path: path, configuration: configuration) }
        return queue
    }

    private static func checkOwner(_ db: Database, path: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Migrations.applicationID
        else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): an SQLite file, but not an audit ledger. "
                    + StoreError.ledgerName)
        }
        guard version <= Migrations.schemaVersion else {
            throw StoreError(
                code: .newerSchema,
                message: "\(path): has schema \(version), written by a later version; "
                    + "this one knows \(Migrations.schemaVersion)")
        }
        guard version >= Migrations.proofVersion else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): has schema \(version), from before checkpoints; "
                    + "start the server on it once")
        }
    }
}
