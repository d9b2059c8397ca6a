import GRDB

/// Opens the SQLite file of a ledger. If the file cannot be used, throws an error with advice.
enum LedgerDatabase {
    /// The time that a statement waits for another program's lock, in seconds.
    private static let busyTimeout = 5.0
    /// The number of pages in the write-ahead log at which SQLite copies the log into the file. 4,096 pages of 4
    /// KiB are 16 MiB. This is four times SQLite's default. Each new row changes the last pages of a dozen indexes.
    /// With a longer log, these pages are copied less often.
    private static let checkpointPages = 4096
    /// The size of the page cache of the writing connection, in KiB. The cache has room for the pages of all
    /// indexes that new rows change.
    private static let writerCache = 16384

    private static let giveWay = "Move the file away, or set a different data folder (--data-dir)."

    /// - Parameter checksIntegrity: True to check the whole file and to refuse a damaged one.
    static func open(
        _ path: String, checksIntegrity: Bool, options: AuditLedger.Options
    ) throws(StoreError) -> DatabasePool {
        try LedgerFile.createFile(path)
        try LedgerFile.checkHeader(path, advice: giveWay)
        do {
            try checkOwner(path)
            let pool = try DatabasePool(path: path, configuration: configuration(options))
            // FULL replaces NORMAL, which DatabasePool sets. With NORMAL, a power failure may undo the last commits
            // (docs/decisions/0006).
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA cache_size = -\(writerCache)")
            }
            if checksIntegrity, let damage = try pool.read({ try damage($0, path: path) }) {
                throw damage
            }
            try Migrations.migrator.migrate(pool)
            return pool
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func configuration(_ options: AuditLedger.Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "audit-ledger"
        configuration.busyMode = .timeout(busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = options.maximumReaders
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(checkpointPages)")
            // Without this limit, the log would keep the size of the largest transaction until the file is closed.
            try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
            // The file may be a copy from elsewhere. With OFF, triggers and views in the file cannot call functions
            // with side effects.
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// Counts all tables except GRDB's `grdb_migrations`. A process that is killed while it creates a ledger may leave
    /// a file with only table `grdb_migrations`, so a file with only this table must count as new.
    private static let countOfTables = """
        SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'
        """

    /// Throws `notALedger` if the file belongs to another program, and `newerSchema` if a later version wrote the
    /// file. Must be called before anything is written to the file.
    private static func checkOwner(_ path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        // A DatabaseQueue does not change the file. A DatabasePool would switch a file of another program to WAL
        // mode.
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { db in
            let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(db, sql: countOfTables) ?? 0
            let isNew = application == 0 && version == 0 && tables == 0
            guard isNew || application == Migrations.applicationID else {
                throw StoreError(
                    code: .notALedger,
                    message: "\(path): is the SQLite file of another program. \(giveWay)")
            }
            guard version <= Migrations.schemaVersion else {
                throw StoreError(
                    code: .newerSchema,
                    message:
                        "\(path): has schema \(version), written by a later version of policy-server; "
                        + "this version knows schema \(Migrations.schemaVersion). Install the later version, "
                        + "or restore the backup that was made before the later version ran.")
            }
        }
        try queue.close()
    }

    /// Returns the first problem that SQLite's `quick_check` finds; nil if the file is sound. Reads the whole
    /// file.
    static func finding(_ db: Database) throws -> String? {
        // `quick_check` does not compare indexes with their tables, and so is much faster than `integrity_check`.
        let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        return finding == "ok" ? nil : finding
    }

    /// Returns the result of `finding` as an error with advice; nil if the file is sound.
    static func damage(_ db: Database, path: String) throws -> StoreError? {
        guard let finding = try finding(db) else { return nil }
        return StoreError(
            code: .corrupt,
            message: "\(path): damaged (\(finding)). "
                + "Move the file away and restore a backup, or start without the file: "
                + "the server then rebuilds the ledger as far as etcd's history reaches.")
    }
}
