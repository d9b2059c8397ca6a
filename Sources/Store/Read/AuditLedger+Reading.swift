package import Domain
package import GRDB

extension AuditLedger {
    /// Returns the row with this number; nil if it does not exist, or if it is not in `scope`.
    package func record(
        seq: Int64, within scope: AuditScope = .everything
    ) async throws -> AuditRecord? {
        try await rows("WHERE seq = ?", [seq], scope).first
    }

    /// Returns the rows of a change that are in `scope`, in the order in which they were written.
    package func rows(
        changeID: String, within scope: AuditScope = .everything
    ) async throws -> [AuditRecord] {
        try await rows(
            "INDEXED BY audit_by_change WHERE change_id = ? ORDER BY seq", [changeID], scope)
    }

    /// Returns the rows of `records` that are in `scope`.
    package func visible(
        _ records: [AuditRecord], within scope: AuditScope
    ) async throws -> [AuditRecord] {
        guard !scope.isEverything else { return records }
        return try await reading { try scope.visible(records, in: $0) }
    }

    /// Returns up to `limit` rows after number `seq`, in the order in which they were written. Stops earlier as soon as
    /// the returned rows have `bytes` bytes or more.
    package func rows(
        after seq: Int64, limit: Int, bytes: Int = .max
    ) async throws -> [AuditRecord] {
        try await reading { db in
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: "SELECT \(AuditRow.columns) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"),
                arguments: [seq, limit])
            var records: [AuditRecord] = []
            var size = 0
            while size < bytes, let row = try rows.next() {
                let record = try AuditRow.record(row)
                size += record.textBytes
                records.append(record)
            }
            return records
        }
    }

    /// Returns the cluster that the ledger follows and the last recorded revision; nil before the first `follow`.
    package func progress() async throws -> Progress? {
        try await reading(LedgerWriter.progress)
    }

    /// Returns the last-known value of an etcd key; nil if there is none.
    package func object(key: String) async throws -> AuditedObject? {
        try await reading { db in
            let statement = try db.cachedStatement(
                sql: "SELECT \(AuditedObject.columns) FROM object WHERE key = ?")
            return try Row.fetchOne(statement, arguments: [key.withoutNUL])
                .map(AuditedObject.init(row:))
        }
    }

    /// Returns the last-known values of up to `limit` keys after `key`. The keys are in the order of their bytes, as in
    /// etcd.
    package func objects(after key: String? = nil, limit: Int) async throws -> [AuditedObject] {
        try await reading { db in
            let statement = try db.cachedStatement(
                sql:
                    "SELECT \(AuditedObject.columns) FROM object WHERE key > ? ORDER BY key LIMIT ?"
            )
            return try Row.fetchAll(statement, arguments: [key?.withoutNUL ?? "", limit])
                .map(AuditedObject.init(row:))
        }
    }

    /// Runs `body` on a connection for reading. Converts SQLite's errors to `StoreError`.
    package func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch let error as DatabaseError {
            throw failure(error)
        }
    }

    /// Runs `body` on a connection for reading, and blocks on the disk. Must be called only on the thread of
    /// `BlockingWork`.
    func readingNow<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do {
            return try pool.read(body)
        } catch let error as DatabaseError {
            throw failure(error)
        }
    }

    private func failure(_ error: DatabaseError) -> StoreError {
        let failure = StoreError(error, path: path)
        // Records damage, except damage in the index of texts. This index can be built again from the rows.
        if failure.code == .corrupt, failure.systemCode != TextIndex.damage {
            queue.markDamaged(failure)
        }
        return failure
    }

    private func rows(
        _ tail: String, _ arguments: StatementArguments, _ scope: AuditScope
    ) async throws -> [AuditRecord] {
        try await reading { db in
            let statement = try db.cachedStatement(
                sql: "SELECT \(AuditRow.columns) FROM audit \(tail)")
            let records = try Row.fetchAll(statement, arguments: arguments).map(AuditRow.record)
            return try scope.visible(records, in: db)
        }
    }
}

extension AuditedObject {
    fileprivate static let columns = "key, kind, name, region, mod_revision, value"

    fileprivate init(row: Row) throws {
        let reader = ColumnReader(row: row, label: "object \(row[0] as DatabaseValue)")
        self.init(
            key: try reader.text(0), kind: try reader.text(1), name: try reader.text(2),
            region: try reader.optionalText(3), modRevision: try reader.integer(4),
            value: try reader.text(5))
    }
}

/// All last-known values in the order of their keys' bytes. Each page is read separately, so that a long iteration
/// neither keeps all values in memory nor keeps a snapshot open.
package struct AuditedObjects: AsyncSequence, Sendable {
    package typealias Element = AuditedObject

    fileprivate static let pageSize = 1000
    fileprivate let ledger: AuditLedger

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let ledger: AuditLedger
        private var page: [AuditedObject] = []
        private var position = 0
        private var lastKey: String?
        private var isLastPage = false

        fileprivate init(ledger: AuditLedger) { self.ledger = ledger }

        package mutating func next() async throws -> AuditedObject? {
            if position == page.count {
                guard !isLastPage else { return nil }
                page = try await ledger.objects(after: lastKey, limit: pageSize)
                position = 0
                isLastPage = page.count < pageSize
                guard !page.isEmpty else { return nil }
                lastKey = page.last?.key
            }
            defer { position += 1 }
            return page[position]
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(ledger: ledger) }
}

extension AuditLedger {
    /// Returns every last-known value, in the order of the keys' bytes.
    package func objects() -> AuditedObjects { AuditedObjects(ledger: self) }
}
