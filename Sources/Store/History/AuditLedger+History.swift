package import Domain
import GRDB

extension AuditLedger {
    /// Returns a page of the objects whose keys begin with `prefix`, as of `position`.
    ///
    /// - Parameter after: Keys up to and including this key are skipped.
    /// - Parameter limit: The largest number of keys to examine, at least 1.
    /// - Parameter isKnown: True if the caller needs the whole state at `position`. Throws `UnknownPosition` if the
    ///   ledger does not know this state, or no longer knows it because of pruning.
    package func objects(
        prefix: String, after: String? = nil, limit: Int, at position: HistoryPosition,
        isKnown: Bool = false
    ) async throws -> HistoricalPage {
        try await reading(position, isKnown) { db in
            var scan = try KeyScan(db, prefix: prefix, after: after)
            var page = HistoricalPage(objects: [], next: nil)
            for _ in 0..<limit {
                guard let key = try scan.next() else { return page }
                if let object = try HistoricalObject(db, key, at: position) {
                    page.objects.append(object)
                }
                page.next = key
            }
            return page
        }
    }

    /// Returns the objects of `keys` that existed at `position`. See `objects(prefix:)` for `isKnown`.
    package func objects(
        keys: [String], at position: HistoryPosition, isKnown: Bool = false
    ) async throws -> [HistoricalObject] {
        try await reading(position, isKnown) { db in
            try keys.compactMap { try HistoricalObject(db, $0, at: position) }
        }
    }

    /// Returns the keys in the ledger that begin with `prefix`, each once, in order.
    ///
    /// - Parameter limit: The largest number of keys to return, at least 1.
    package func keys(
        prefix: String, after: String? = nil, limit: Int
    ) async throws -> [String] {
        try await reading { db in
            var scan = try KeyScan(db, prefix: prefix, after: after)
            var keys: [String] = []
            while keys.count < limit, let key = try scan.next() { keys.append(key) }
            return keys
        }
    }

    /// Returns the keys of `keys` that have rows in the ledger.
    package func recorded(_ keys: [String]) async throws -> [String] {
        try await reading { db in
            // With INDEXED BY, SQLite never scans the whole table: the statement fails if SQLite cannot use the
            // index.
            let statement = try db.cachedStatement(
                sql: "SELECT 1 FROM audit INDEXED BY audit_by_key WHERE key = ? LIMIT 1")
            return try keys.filter { try Int.fetchOne(statement, arguments: [$0]) != nil }
        }
    }

    /// Returns up to `limit` rows of changes to `keys` before `position`, newest first.
    package func versions(
        keys: [String], before position: HistoryPosition = .end, limit: Int
    ) async throws -> [AuditRecord] {
        try await reading { db in
            let statement = try db.cachedStatement(sql: Self.versionsOfKey)
            let rows = try keys.flatMap { key in
                try Row.fetchAll(
                    statement, arguments: [key, position.epoch, position.revision, limit]
                ).map(AuditRow.record)
            }
            guard keys.count > 1 else { return rows }
            return Array(rows.sorted { $1.isEarlier(than: $0) }.prefix(limit))
        }
    }

    /// Returns the object of `key` as it was before the first row about `key`; nil if the object did not exist then.
    package func baseline(key: String) async throws -> HistoricalObject? {
        try await reading { db in try HistoricalObject.baseline(db, key) }
    }

    /// Returns the keys that were changed after `from` and up to `to`, unsorted. Returns nil if more than
    /// `limit` rows would have to be read. Throws `UnknownPosition` if `from` is not known.
    package func changedKeys(
        from: HistoryPosition, to: HistoryPosition, limit: Int
    ) async throws -> Set<String>? {
        try await reading(from, true) { db in
            let statement = try db.cachedStatement(sql: Self.keysOfRange)
            // Reads one row more than `limit`, to detect that there are too many rows.
            let keys = try String.fetchAll(
                statement,
                arguments: [from.epoch, from.revision, to.epoch, to.revision, limit + 1])
            return keys.count > limit ? nil : Set(keys)
        }
    }

    /// Runs `body`. If `isKnown` is true and the ledger does not know the state at `position`, throws
    /// `UnknownPosition` and does not run `body`. The check and `body` use the same snapshot, because pruning may
    /// remove rows between two reads.
    private func reading<Value: Sendable>(
        _ position: HistoryPosition, _ isKnown: Bool,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let result = try await reading { db -> Result<Value, UnknownPosition> in
            if isKnown, let unknown = try UnknownPosition(position, db) { return .failure(unknown) }
            return .success(try body(db))
        }
        return try result.get()
    }

    package static let versionsOfKey = """
        SELECT \(AuditRow.columns) FROM audit INDEXED BY audit_by_key
        WHERE key = ? AND (epoch, revision) < (?, ?) AND outcome = 'accepted'
        ORDER BY epoch DESC, revision DESC, seq DESC LIMIT ?
        """

    package static let keysOfRange = """
        SELECT key FROM audit INDEXED BY audit_by_revision
        WHERE revision IS NOT NULL AND (epoch, revision) > (?, ?) AND (epoch, revision) <= (?, ?)
            AND key IS NOT NULL
        LIMIT ?
        """
}

extension AuditRecord {
    /// The position of the change; nil for a row without a change in etcd.
    package var position: HistoryPosition? {
        guard let epoch = entry.epoch, let revision = entry.revision else { return nil }
        return HistoryPosition(epoch: epoch, revision: revision)
    }

    fileprivate func isEarlier(than other: AuditRecord) -> Bool {
        let (left, right) = (position ?? .end, other.position ?? .end)
        return (left, seq) < (right, other.seq)
    }
}

/// A change of one key by an API client. Only all four members together identify a change, because after a restore of
/// etcd a client may make the same change again, at a revision that was used before.
package struct RecordedChange: Hashable, Sendable {
    package var changeID: String
    /// The etcd key.
    package var key: String
    package var revision: Int64
    package var time: Timestamp

    package init(changeID: String, key: String, revision: Int64, time: Timestamp) {
        self.changeID = changeID
        self.key = key
        self.revision = revision
        self.time = time
    }
}

extension AuditLedger {
    /// Returns the accepted changes in the ledger whose change ids are in `ids`.
    package func recordedChanges(_ ids: [String]) async throws -> Set<RecordedChange> {
        var found: Set<RecordedChange> = []
        // Reads a long list in parts, so that other callers can use the reading connection between two parts.
        for start in stride(from: 0, to: ids.count, by: 1_000) {
            let part = ids[start..<min(start + 1_000, ids.count)]
            found.formUnion(try await reading { try Self.recordedChanges(part, $0) })
        }
        return found
    }

    private static func recordedChanges(
        _ ids: ArraySlice<String>, _ db: Database
    ) throws -> [RecordedChange] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT key, revision, time FROM audit INDEXED BY audit_by_change
                WHERE change_id = ? AND outcome = 'accepted' AND key IS NOT NULL
                    AND revision IS NOT NULL
                """)
        return try ids.flatMap { id in
            try Row.fetchAll(statement, arguments: [id]).map { row in
                let reader = ColumnReader(row: row, label: "audit row of change \(id)")
                return RecordedChange(
                    changeID: id, key: try reader.text(0), revision: try reader.integer(1),
                    time: Timestamp(microseconds: try reader.integer(2)))
            }
        }
    }
}
