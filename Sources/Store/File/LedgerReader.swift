package import Domain
import Foundation
import GRDB

/// A ledger's file, opened for reading only. Does not take the ledger's lock, so a server may use the file at the
/// same time. Does not migrate a file with an older schema. Blocks on the disk.
package final class LedgerReader: Sendable {
    /// The path of the file.
    package let path: String
    let queue: DatabaseQueue

    /// Throws `cannotOpen`, `notALedger` or `newerSchema`.
    package init(path: String) throws(StoreError) {
        self.path = path
        try LedgerFile.checkReadable(path)
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "audit-ledger-reader"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try OlderSchema.addMissingColumns($0) }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { try Self.check($0, path: path) }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Throws unless the file is a ledger that this program can read.
    static func check(_ db: Database, path: String) throws {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == Migrations.applicationID, try db.tableExists("audit") else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): an SQLite file, but not an audit ledger. "
                    + StoreError.ledgerName)
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= Migrations.schemaVersion else {
            throw StoreError(
                code: .newerSchema,
                message:
                    "\(path): has schema \(version), written by a later version of policy-server; "
                    + "this version knows schema \(Migrations.schemaVersion). Use the later version."
            )
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Returns the header of a segment of rows `from` to `to`. If `from` is nil, the segment begins at the first row.
    /// If `to` is nil, the segment ends at the last row.
    package func header(
        from: Int64? = nil, to: Int64? = nil, now: Timestamp, version: String
    ) throws(StoreError) -> SegmentHeader {
        try read { try SegmentHeader.make($0, from: from, to: to, now: now, version: version) }
    }

    /// Returns about `limit` rows of changes in etcd, from the revisions after `position`; see `LedgerPages.changes`.
    package func changes(
        after position: HistoryPosition, limit: Int = LedgerPages.size
    ) throws(StoreError) -> [AuditRecord] {
        try read { try LedgerPages.changes($0, after: position, limit: limit) }
    }
}

/// Reads the data that a comparison with etcd needs. Blocks on the disk.
extension LedgerReader {
    /// Returns the cluster that the ledger follows and the last recorded revision; nil if the ledger follows no
    /// cluster yet.
    package func progress() throws(StoreError) -> Progress? { try read(LedgerWriter.progress) }

    /// Returns the first revision of the last complete part of the newest epoch: the revision after the last gap in
    /// etcd's history, or the revision of the oldest row if there is no gap. The file has every change from this
    /// revision on. Returns nil if no row of the newest epoch has a revision.
    package func firstWholeRevision() throws(StoreError) -> Int64? {
        try read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT min(revision), max(CASE WHEN gap = 1 THEN revision END) FROM audit
                    WHERE epoch = (SELECT max(epoch) FROM audit) AND revision IS NOT NULL
                    """)
            guard let reader = row.map({ ColumnReader(row: $0, label: "audit rows") }),
                let oldest = try reader.optionalInteger(0)
            else { return nil }
            return max(oldest, try reader.optionalInteger(1).map { $0 + 1 } ?? 0)
        }
    }

    /// Returns the change ids in the rows of `revision` in the newest epoch; nil if there is no such row.
    package func changeIDs(at revision: Int64) throws(StoreError) -> Set<String>? {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT change_id FROM audit
                    WHERE epoch = (SELECT max(epoch) FROM audit) AND revision = ?
                    """, arguments: [revision])
            guard !rows.isEmpty else { return nil }
            let ids: [String] = try rows.compactMap { row in
                try ColumnReader(row: row, label: "audit row of revision \(revision)")
                    .optionalText(0)
            }
            return Set(ids)
        }
    }

    /// Returns the time of the oldest row in the file; nil if the file has no rows.
    package func oldestTime() throws(StoreError) -> Timestamp? {
        try read { db in
            try Int64.fetchOne(db, sql: "SELECT time FROM audit ORDER BY seq LIMIT 1")
                .map(Timestamp.init(microseconds:))
        }
    }
}

/// Opens a ledger's file for verification, read-only. The file may be a copy, or a server may write to the file
/// meanwhile.
enum VerifierFile {
    /// Opens the file at `path`. Creates no other files, and takes no lock that would make a writer wait.
    ///
    /// Throws `cannotOpen`, `notALedger`, `newerSchema` or SQLite's error.
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

    /// Opens the file as immutable if it has no write-ahead log, because no other program then has the file open. In
    /// the normal mode, SQLite would create a log and not remove it, or would fail if it cannot create a log in the
    /// directory.
    private static func connect(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "audit-verifier"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            // With this setting SQLite checks each page that it reads, so damage becomes an error and not a wrong
            // result.
            try db.execute(sql: "PRAGMA cell_size_check = ON")
            try OlderSchema.addMissingColumns(db)
        }
        guard !FileManager.default.fileExists(atPath: path + "-wal"),
            let name = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed),
            // If SQLite was built without support for URI names, this call fails, because SQLite finds no file
            // named `file:…`. The ledger is then opened in the normal mode.
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
                message:
                    "\(path): has schema \(version), written by a later version of policy-server; "
                    + "this version knows schema \(Migrations.schemaVersion)")
        }
        guard version >= Migrations.proofVersion else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): has schema \(version), which has no checkpoints yet; "
                    + "start the server once with this file")
        }
    }
}
