import Documents
import Domain
import GRDB

/// Maintains tables `scope` and `audit_scope`, which record the regions that each row touches. A search by a
/// principal that is limited to regions reads only rows that table `audit_scope` lists.
///
/// Rows that an older version wrote are missing in the tables until `AuditLedger.keepRegions` adds them. Until then,
/// these rows are visible only to principals with all regions.
struct TouchedRegions: Sendable {
    /// The kind and the regions of a row.
    private struct Scope: Hashable {
        let kind: String
        var regions: RegionSet
    }

    /// Step 8 of the schema. In table `scope`, `regions` is `*` for all regions, or a sorted JSON array of names. In
    /// table `scope_progress`, `seq` + 1 to `until` are the numbers of the rows that are not in table `audit_scope`
    /// yet.
    static let schema = """
        CREATE TABLE scope (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            regions TEXT NOT NULL,
            UNIQUE (kind, regions)
        ) STRICT;
        CREATE TABLE audit_scope (
            scope INTEGER NOT NULL,
            time INTEGER NOT NULL,
            seq INTEGER NOT NULL UNIQUE,
            PRIMARY KEY (scope, time, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE scope_progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            seq INTEGER NOT NULL,
            until INTEGER NOT NULL
        ) STRICT;
        INSERT INTO scope_progress
            SELECT 1, coalesce(min(seq), 1) - 1, coalesce(max(seq), 0) FROM audit;
        """

    /// The largest number of ids of table `scope` to keep in memory.
    private static let maximumIDs = 1_000

    /// The maximum number of sets of regions in table `scope`. It is limited, because a search by a limited principal
    /// examines all of them. When the table is full, a row of the ledger whose set is not in the table counts as touching
    /// all regions.
    static let maximumScopes: Int64 = 20_000

    let rules: RowRegions
    private var ids: [Scope: Int64] = [:]

    init(_ rules: RowRegions) { self.rules = rules }

    /// Adds `record`, which is being written, to table `audit_scope`.
    ///
    /// - Parameter touched: The regions that the record touches according to `rules`. This is a parameter so that the
    ///   caller can compute it before the transaction, for which all other writes wait. The computation may be slow,
    ///   because a record may hold megabytes of documents.
    mutating func note(
        _ record: AuditRecord, _ touched: RowRegions.Touched, in db: Database
    ) throws {
        var scope = Scope(kind: record.kind, regions: touched.regions)
        // A region that is not registered counts as all regions. Otherwise, a client could add a row to table `scope`
        // with every name that it invents.
        if let region = touched.claimed, try !isRegistered(region, in: db) { scope.regions = .all }
        let statement = try db.cachedStatement(
            sql: "INSERT INTO audit_scope (scope, time, seq) VALUES (?, ?, ?)")
        try statement.execute(
            arguments: [try id(of: scope, in: db), record.time.microseconds, record.seq])
    }

    /// Returns true if the region is registered in etcd, as far as the ledger knows.
    private func isRegistered(_ region: String, in db: Database) throws -> Bool {
        guard let key = rules.key else { return true }
        let select = try db.cachedStatement(sql: "SELECT 1 FROM object WHERE key = ?")
        return try Int64.fetchOne(select, arguments: [key(region).withoutNUL]) != nil
    }

    private mutating func id(of scope: Scope, in db: Database) throws -> Int64 {
        if let id = ids[scope] { return id }
        if ids.count >= Self.maximumIDs { ids = [:] }
        let key: StatementArguments = [scope.kind, Self.text(scope.regions)]
        let select = try db.cachedStatement(
            sql: "SELECT id FROM scope WHERE kind = ? AND regions = ?")
        var id = try Int64.fetchOne(select, arguments: key)
        if id == nil, scope.regions != .all, try Self.isFull(db) {
            id = try self.id(of: Scope(kind: scope.kind, regions: .all), in: db)
        }
        if id == nil {
            let insert = try db.cachedStatement(
                sql: "INSERT INTO scope (kind, regions) VALUES (?, ?)")
            try insert.execute(arguments: key)
            id = db.lastInsertedRowID
        }
        ids[scope] = id
        return id ?? 0
    }

    private static func isFull(_ db: Database) throws -> Bool {
        // The largest id is the number of rows, because no row is ever deleted.
        let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM scope"))
        return last ?? 0 >= maximumScopes
    }

    /// Deletes the entries of `rows`, which are being pruned.
    static func remove(_ rows: ClosedRange<Int64>, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM audit_scope WHERE seq BETWEEN ? AND ?",
            arguments: [rows.lowerBound, rows.upperBound])
    }
}

extension TouchedRegions {
    private static let everyRegion = "*"

    private static func text(_ regions: RegionSet) -> String {
        switch regions {
        case .all: everyRegion
        case .some: JSONSerializer.canonicalText(regions.document)
        }
    }

    /// Reads a text in the form that `text(_:)` returns. Returns all regions for any other text.
    static func regions(_ text: String) -> RegionSet {
        guard text != everyRegion, let document = try? JSONParser.parse(Array(text.utf8))
        else { return .all }
        return RegionSet(document: document) ?? .all
    }
}

/// Adds missing rows to table `audit_scope`: the rows that an older version wrote.
extension TouchedRegions {
    /// The next rows to add to table `audit_scope`. The table already has the rows up to number `after`.
    struct Backlog: Sendable {
        let after: Int64
        let rows: [AuditRecord]
        /// The regions that each row touches, in the same order; empty until they are computed.
        var touched: [RowRegions.Touched] = []
    }

    /// Returns up to `limit` of the next rows to add; nil if no rows are left to add. Stops earlier as soon as the
    /// returned rows have `bytes` bytes or more.
    static func backlog(limit: Int, bytes: Int, in db: Database) throws -> Backlog? {
        let progress = try Progress(db)
        guard progress.seq < progress.until else { return nil }
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(AuditRow.columns) FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?
                """)
        let cursor = try Row.fetchCursor(
            statement, arguments: [progress.seq, progress.until, limit])
        var (rows, size): ([AuditRecord], Int) = ([], 0)
        while size < bytes, let row = try cursor.next() {
            let record = try AuditRow.record(row)
            size += record.textBytes
            rows.append(record)
        }
        return Backlog(after: progress.seq, rows: rows)
    }

    /// Adds the rows of `backlog` to table `audit_scope`. Does nothing if another backlog was added since `backlog` was
    /// read. Skips rows that were pruned since then.
    mutating func add(_ backlog: Backlog, in db: Database) throws {
        let progress = try Progress(db)
        guard progress.seq == backlog.after else { return }
        let exists = try db.cachedStatement(sql: "SELECT 1 FROM audit WHERE seq = ?")
        for (row, touched) in zip(backlog.rows, backlog.touched)
        where try Int64.fetchOne(exists, arguments: [row.seq]) != nil {
            try note(row, touched, in: db)
        }
        try db.execute(
            sql: "UPDATE scope_progress SET seq = ?",
            arguments: [backlog.rows.last?.seq ?? progress.until])
    }

    /// The range of the rows that are not in table `audit_scope` yet: the rows with numbers `seq` + 1 to `until`.
    struct Progress {
        let seq: Int64
        let until: Int64

        init(_ db: Database) throws {
            let statement = try db.cachedStatement(sql: "SELECT seq, until FROM scope_progress")
            guard let row = try Row.fetchOne(statement) else {
                (seq, until) = (0, 0)
                return
            }
            let reader = ColumnReader(row: row, label: "scope_progress")
            (seq, until) = (try reader.integer(0), try reader.integer(1))
        }
    }
}

extension AuditLedger {
    /// The limits of one transaction: the number of rows to add, and their size in bytes. The limits are small, because
    /// all other writes wait for the transaction.
    private static let backlogRows = 250
    private static let backlogBytes = 1 << 20

    /// Records in table `audit_scope` the regions of all rows that an older version wrote. Pauses after each part, so
    /// that other work on the ledger can continue. Can be called again after an error.
    ///
    /// - Parameter pause: The time between two parts.
    package func keepRegions(pause: Duration = .milliseconds(50)) async throws {
        while try await listRegions(), !Task.isCancelled {
            try await Task.sleep(for: pause)
        }
    }

    /// Adds the next rows to table `audit_scope`. Returns false if no rows were left to add.
    func listRegions() async throws -> Bool {
        let next = try await reading { db in
            try TouchedRegions.backlog(
                limit: Self.backlogRows, bytes: Self.backlogBytes, in: db)
        }
        guard var next else { return false }
        next.touched = next.rows.map { rowRegions.touched(by: $0.entry) }
        let backlog = next
        try await transaction { writer, db in try writer.listRegions(of: backlog, in: db) }
        return true
    }
}
