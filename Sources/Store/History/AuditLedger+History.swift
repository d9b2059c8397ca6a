package import Domain
import GRDB

extension AuditLedger {
    /// The objects under `prefix` as they stood at `place`, as far as the ledger can tell.
    ///
    /// - Parameter after: objects up to this key are passed over.
    /// - Parameter limit: keys that are looked at, at least 1.
    /// - Parameter isKnown: whether to throw `UnknownPlace` when the ledger does not know, or by pruning
    ///   no longer knows, all of the place.
    package func objects(
        prefix: String, after: String? = nil, limit: Int, at place: HistoryPlace,
        isKnown: Bool = false
    ) async throws -> HistoricalPage {
        try await reading(place, isKnown) { db in
            var scan = try KeyScan(db, prefix: prefix, after: after)
            var page = HistoricalPage(objects: [], next: nil)
            for _ in 0..<limit {
                guard let key = try scan.next() else { return page }
                if let object = try HistoricalObject(db, key, at: place) {
                    page.objects.append(object)
                }
                page.next = key
            }
            return page
        }
    }

    /// Those of `keys` that existed at `place`; `isKnown` as above.
    package func objects(
        keys: [String], at place: HistoryPlace, isKnown: Bool = false
    ) async throws -> [HistoricalObject] {
        try await reading(place, isKnown) { db in
            try keys.compactMap { try HistoricalObject(db, $0, at: place) }
        }
    }

    /// The distinct keys under `prefix` that the ledger tells of, in order.
    ///
    /// - Parameter limit: at least 1.
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

    /// Those of `keys` that have rows.
    package func recorded(_ keys: [String]) async throws -> [String] {
        try await reading { db in
            let statement = try db.cachedStatement(
                sql: "SELECT 1 FROM audit INDEXED BY audit_by_key WHERE key = ? LIMIT 1")
            return try keys.filter { try Int.fetchOne(statement, arguments: [$0]) != nil }
        }
    }

    /// Up to `limit` rows of changes to `keys` before `place`, newest first.
    package func versions(
        keys: [String], before place: HistoryPlace = .end, limit: Int
    ) async throws -> [AuditRecord] {
        try await reading { db in
            let statement = try db.cachedStatement(sql: Self.versionsOfKey)
            let rows = try keys.flatMap { key in
                try Row.fetchAll(
                    statement, arguments: [key, place.epoch, place.revision, limit]
                ).map(AuditRow.record)
            }
            guard keys.count > 1 else { return rows }
            return Array(rows.sorted { $1.isEarlier(than: $0) }.prefix(limit))
        }
    }

    /// What stood under `key` before the first row that tells of it; nil when nothing did.
    package func baseline(key: String) async throws -> HistoricalObject? {
        try await reading { db in try HistoricalObject.baseline(db, key) }
    }

    /// The keys that were changed after `from` and not after `to`, unsorted; nil when more than
    /// `limit` rows would have to be read. Throws `UnknownPlace` when `from` is not known.
    package func changedKeys(
        from: HistoryPlace, to: HistoryPlace, limit: Int
    ) async throws -> Set<String>? {
        try await reading(from, true) { db in
            let statement = try db.cachedStatement(sql: Self.keysOfRange)
            let keys = try String.fetchAll(
                statement,
                arguments: [from.epoch, from.revision, to.epoch, to.revision, limit + 1])
            return keys.count > limit ? nil : Set(keys)
        }
    }

    /// Pruning takes away what a place consists of: so each reading of one makes sure of it anew.
    private func reading<Value: Sendable>(
        _ place: HistoryPlace, _ isKnown: Bool,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let result = try await reading { db -> Result<Value, UnknownPlace> in
            if isKnown, let unknown = try UnknownPlace(place, db) { return .failure(unknown) }
            return .success(try body(db))
        }
        return try result.get()
    }

    static let versionsOfKey = """
        SELECT \(AuditRow.columns) FROM audit INDEXED BY audit_by_key
        WHERE key = ? AND (epoch, revision) < (?, ?) AND outcome = 'accepted'
        ORDER BY epoch DESC, revision DESC, seq DESC LIMIT ?
        """

    static let keysOfRange = """
        SELECT key FROM audit INDEXED BY audit_by_revision
        WHERE revision IS NOT NULL AND (epoch, revision) > (?, ?) AND (epoch, revision) <= (?, ?)
            AND key IS NOT NULL
        LIMIT ?
        """
}

extension HistoricalObject {
    /// Nil when there was no such object at `place`.
    ///
    /// - Parameter lastRow: rows with a higher number do not count.
    init?(
        _ db: Database, _ key: String, at place: HistoryPlace, lastRow: Int64 = .max
    ) throws {
        let row = try Self.ofRow(db, key, at: place, lastRow: lastRow)
        let baseline = try Self.baseline(db, key).flatMap { $0.place <= place ? $0 : nil }
        var newest = row?.place ?? .start
        var object = row?.object
        if let baseline, baseline.place > newest { (newest, object) = (baseline.place, baseline) }
        if let standing = try Standing(db, key, at: place), standing.place > newest {
            object = standing.object
        }
        guard let object else { return nil }
        self = object
    }

    /// What the newest row says; no object after a deletion.
    private static func ofRow(
        _ db: Database, _ key: String, at place: HistoryPlace, lastRow: Int64
    ) throws -> (place: HistoryPlace, object: HistoricalObject?)? {
        let statement = try db.cachedStatement(sql: lastState)
        let row = try Row.fetchOne(
            statement, arguments: [key, place.epoch, place.revision, lastRow])
        guard let row else { return nil }
        let reader = ColumnReader(row: row, label: "audit row of \(key)")
        let made = HistoryPlace(epoch: try reader.integer(0), revision: try reader.integer(1))
        let object = try reader.optionalText(2).map {
            HistoricalObject(key: key, place: made, value: $0)
        }
        return (made, object)
    }

    /// Whether a row that is not of `rows` tells of `key` before `place`.
    static func hasRow(
        _ key: String, before place: HistoryPlace, outside rows: ClosedRange<Int64>, _ db: Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM audit INDEXED BY audit_by_key
                    WHERE key = ? AND (epoch, revision) < (?, ?) AND seq > ?)
                """)
        let arguments: StatementArguments = [
            key, place.epoch, place.revision, rows.upperBound,
        ]
        return try Bool.fetchOne(statement, arguments: arguments) ?? false
    }

    fileprivate static func baseline(_ db: Database, _ key: String) throws -> HistoricalObject? {
        let statement = try db.cachedStatement(
            sql: "SELECT epoch, revision, value FROM baseline WHERE key = ?")
        guard let row = try Row.fetchOne(statement, arguments: [key]) else { return nil }
        let reader = ColumnReader(row: row, label: "baseline \(key)")
        return HistoricalObject(
            key: key,
            place: HistoryPlace(
                epoch: try reader.integer(0), revision: try reader.integer(1)),
            value: try reader.text(2))
    }

    /// A row of a change whose object no longer stood when the journal told of it (see `GapComparison`)
    /// has no value and is no deletion: it says nothing about the state.
    static let lastState = """
        SELECT epoch, revision, after FROM audit INDEXED BY audit_by_key
        WHERE key = ? AND (epoch, revision) <= (?, ?) AND outcome = 'accepted'
            AND (after IS NOT NULL OR verb = 'delete') AND seq <= ?
        ORDER BY epoch DESC, revision DESC, seq DESC LIMIT 1
        """
}

extension AuditRecord {
    /// Where the change was made; nil for a row of none.
    package var place: HistoryPlace? {
        guard let epoch = entry.epoch, let revision = entry.revision else { return nil }
        return HistoryPlace(epoch: epoch, revision: revision)
    }

    fileprivate func isEarlier(than other: AuditRecord) -> Bool {
        let (left, right) = (place ?? .end, other.place ?? .end)
        return (left, seq) < (right, other.seq)
    }
}
