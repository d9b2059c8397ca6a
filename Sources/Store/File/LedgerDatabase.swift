import GRDB

/// Opens the SQLite file behind a ledger, or says what is wrong with it.
enum LedgerDatabase {
    /// The time that a statement waits for another program's lock, in seconds.
    private static let busyTimeout = 5.0
    /// Pages in the write-ahead log before SQLite copies them into the file: 16 MiB. SQLite's default is a
    /// quarter of that, but rows touch the ends of a dozen indexes, and those pages are then copied less often.
    private static let checkpointPages = 4096
    /// The writing connection's page cache, in KiB. The ends of all indexes fit, which is where rows are added.
    private static let writerCache = 16384

    private static let giveWay = "Move it away, or name another data folder (--data-dir)."

    /// - Parameter checksIntegrity: The whole file is read and refused when it is damaged.
    static func open(
        _ path: String, checksIntegrity: Bool, options: AuditLedger.Options
    ) throws(StoreError) -> DatabasePool {
        try LedgerFile.createFile(path)
        try LedgerFile.checkHeader(path, advice: giveWay)
        do {
            try checkOwner(path)
            let pool = try DatabasePool(path: path, configuration: configuration(options))
            // DatabasePool sets NORMAL, with which a power failure may undo the last commits.
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
            try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// GRDB's own table apart: a process that was killed while it made the file may have left just that.
    private static let countOfTables = """
        SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'
        """

    /// Before anything is written: whose file it is, and of which version.
    private static func checkOwner(_ path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { db in
            let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(db, sql: countOfTables) ?? 0
            let isNew = application == 0 && version == 0 && tables == 0
            guard isNew || application == Migrations.applicationID else {
                throw StoreError(
                    code: .notALedger,
                    message: "\(path): the SQLite file of another program. \(giveWay)")
            }
            guard version <= Migrations.schemaVersion else {
                throw StoreError(
                    code: .newerSchema,
                    message: "\(path): has schema \(version), written by a later version; "
                        + "this one knows \(Migrations.schemaVersion). Install the later version, "
                        + "or restore the backup made before it ran.")
            }
        }
        try queue.close()
    }

    /// Returns what SQLite's `quick_check` finds first; nil when all is sound. It reads the whole file.
    static func finding(_ db: Database) throws -> String? {
        let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        return finding == "ok" ? nil : finding
    }

    /// Returns the same as an error that says what to do; nil for a sound file.
    static func damage(_ db: Database, path: String) throws -> StoreError? {
        guard let finding = try finding(db) else { return nil }
        return StoreError(
            code: .corrupt,
            message: "\(path): damaged (\(finding)). "
                + "Move it away and restore a backup, or start without it: "
                + "the ledger is then rebuilt as far as etcd's history reaches.")
    }
}
