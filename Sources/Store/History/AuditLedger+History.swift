package import Domain
import GRDB

extension AuditLedger {
    /// The objects under `prefix` as they stood at `place`, which the caller knows to be known.
    ///
    /// - Parameter after: objects up to this key are passed over.
    /// - Parameter limit: keys that are looked at, at least 1.
    package func objects(
        prefix: String, after: String? = nil, limit: Int, at place: HistoryPlace
    ) async throws -> HistoricalPage {
        try await reading { db in
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

    /// Those of `keys` that existed at `place`.
    package func objects(
        keys: [String], at place: HistoryPlace
    ) async throws -> [HistoricalObject] {
        try await reading { db in
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
    /// `limit` rows would have to be read.
    package func changedKeys(
        from: HistoryPlace, to: HistoryPlace, limit: Int
    ) async throws -> Set<String>? {
        try await reading { db in
            let statement = try db.cachedStatement(sql: Self.keysOfRange)
            let keys = try String.fetchAll(
                statement,
                arguments: [from.epoch, from.revision, to.epoch, to.revision, limit + 1])
            return keys.count > limit ? nil : Set(keys)
        }
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
    fileprivate init?(_ db: Database, _ key: String, at place: HistoryPlace) throws {
        let statement = try db.cachedStatement(sql: Self.lastState)
        let row = try Row.fetchOne(statement, arguments: [key, place.epoch, place.revision])
        let baseline = try Self.baseline(db, key).flatMap { $0.place <= place ? $0 : nil }
        guard let row else {
            guard let baseline else { return nil }
            self = baseline
            return
        }
        let reader = ColumnReader(row: row, label: "audit row of \(key)")
        let rowPlace = HistoryPlace(
            epoch: try reader.integer(0), revision: try reader.integer(1))
        if let baseline, baseline.place > rowPlace {
            self = baseline
            return
        }
        guard let value = try reader.optionalText(2) else { return nil }
        self.init(key: key, place: rowPlace, value: value)
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
            AND (after IS NOT NULL OR verb = 'delete')
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
