import GRDB

/// An object and the value that it had at a position in history.
package struct HistoricalObject: Hashable, Sendable {
    /// The etcd key.
    package var key: String
    /// The position of the change that set this value. The revision of the position is the object's mod_revision.
    package var position: HistoryPosition
    /// The value as JSON text. A value that was not JSON is stored as a JSON string.
    package var value: String

    package init(key: String, position: HistoryPosition, value: String) {
        self.key = key
        self.position = position
        self.value = value
    }
}

/// A page of objects in the order of their keys.
package struct HistoricalPage: Hashable, Sendable {
    package var objects: [HistoricalObject]
    /// The value of `after` for the next page: the last key that was examined, even if its object did not exist.
    /// Nil if there are no more keys.
    package var next: String?
}

extension HistoricalObject {
    /// Reads the newest state at or before `position` from the rows, the baseline and the retained versions. Nil if
    /// the object did not exist at `position`.
    ///
    /// - Parameter lastRow: Rows with a higher number are ignored.
    init?(
        _ db: Database, _ key: String, at position: HistoryPosition, lastRow: Int64 = .max
    ) throws {
        let row = try Self.ofRow(db, key, at: position, lastRow: lastRow)
        let baseline = try Self.baseline(db, key).flatMap { $0.position <= position ? $0 : nil }
        var newest = row?.position ?? .start
        var object = row?.object
        if let baseline, baseline.position > newest {
            (newest, object) = (baseline.position, baseline)
        }
        if let standing = try RetainedVersion(db, key, at: position), standing.position > newest {
            object = standing.object
        }
        guard let object else { return nil }
        self = object
    }

    /// Returns the state in the newest row at or before `position`; nil if there is no such row. The object is nil
    /// if the row records a deletion.
    private static func ofRow(
        _ db: Database, _ key: String, at position: HistoryPosition, lastRow: Int64
    ) throws -> (position: HistoryPosition, object: HistoricalObject?)? {
        let statement = try db.cachedStatement(sql: lastState)
        let row = try Row.fetchOne(
            statement, arguments: [key, position.epoch, position.revision, lastRow])
        guard let row else { return nil }
        let reader = ColumnReader(row: row, label: "audit row of \(key)")
        let made = HistoryPosition(epoch: try reader.integer(0), revision: try reader.integer(1))
        let object = try reader.optionalText(2).map {
            HistoricalObject(key: key, position: made, value: $0)
        }
        return (made, object)
    }

    /// Returns true if a row with a higher number than all of `rows` records a change of `key` before `position`.
    static func hasRow(
        _ key: String, before position: HistoryPosition, outside rows: ClosedRange<Int64>,
        _ db: Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM audit INDEXED BY audit_by_key
                    WHERE key = ? AND (epoch, revision) < (?, ?) AND seq > ?)
                """)
        let arguments: StatementArguments = [
            key, position.epoch, position.revision, rows.upperBound,
        ]
        return try Bool.fetchOne(statement, arguments: arguments) ?? false
    }

    /// Returns the state of `key` as it was before the first row about `key`; nil if the object did not exist or is not
    /// known.
    static func baseline(_ db: Database, _ key: String) throws -> HistoricalObject? {
        let statement = try db.cachedStatement(
            sql: "SELECT epoch, revision, value FROM baseline WHERE key = ?")
        guard let row = try Row.fetchOne(statement, arguments: [key]) else { return nil }
        let reader = ColumnReader(row: row, label: "baseline \(key)")
        return HistoricalObject(
            key: key,
            position: HistoryPosition(
                epoch: try reader.integer(0), revision: try reader.integer(1)),
            value: try reader.text(2))
    }

    /// Selects the newest row that shows the state of a key: a row that has `after`, or that records a deletion.
    ///
    /// Some rows of changes have neither. The server writes them after a gap in etcd's history: the journal in etcd
    /// proves that the change happened, but its value was overwritten before the server saw it (see `GapComparison`).
    package static let lastState = """
        SELECT epoch, revision, after FROM audit INDEXED BY audit_by_key
        WHERE key = ? AND (epoch, revision) <= (?, ?) AND outcome = 'accepted'
            AND (after IS NOT NULL OR verb = 'delete') AND seq <= ?
        ORDER BY epoch DESC, revision DESC, seq DESC LIMIT 1
        """
}

/// The value of a key at a position. The value is stored because the rows in the ledger would give a wrong value for
/// this position: the row that set the right value was pruned, or is in a segment that was not imported.
struct RetainedVersion {
    var position: HistoryPosition
    /// The object at `position`; nil if it did not exist.
    var object: HistoricalObject?

    /// Step 6 of the schema. `made_epoch` and `made_revision` are the position at which the value was set. These
    /// two columns and `value` are NULL if the object did not exist.
    static let schema = """
        CREATE TABLE standing (
            key TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            made_epoch INTEGER,
            made_revision INTEGER,
            value TEXT,
            PRIMARY KEY (key, epoch, revision)
        ) STRICT, WITHOUT ROWID;
        """

    /// Reads the newest entry for `key` at or before `position`. Nil if there is no such entry.
    init?(_ db: Database, _ key: String, at position: HistoryPosition) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT epoch, revision, made_epoch, made_revision, value FROM standing
                WHERE key = ? AND (epoch, revision) <= (?, ?)
                ORDER BY epoch DESC, revision DESC LIMIT 1
                """)
        let row = try Row.fetchOne(statement, arguments: [key, position.epoch, position.revision])
        guard let row else { return nil }
        let reader = ColumnReader(row: row, label: "standing \(key)")
        self.position = HistoryPosition(
            epoch: try reader.integer(0), revision: try reader.integer(1))
        object = try reader.optionalText(4).map { value in
            HistoricalObject(
                key: key,
                position: HistoryPosition(
                    epoch: try reader.integer(2), revision: try reader.integer(3)),
                value: value)
        }
    }

    /// Records that `key` had the value `object` at `position`. A nil `object` means that the object did not exist.
    static func put(
        _ object: HistoricalObject?, _ key: String, at position: HistoryPosition, in db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            key, position.epoch, position.revision, object?.position.epoch,
            object?.position.revision,
            object?.value,
        ])
    }
}

/// Finds the keys in the ledger that begin with a prefix, each once, in order. Skips all further rows of a key in one
/// look-up, so a key with many rows takes no longer than a key with one row.
package struct KeyScan {
    private let db: Database
    private let end: String
    private var nextRow: String?
    private var nextBaseline: String?
    private var nextStanding: String?

    /// - Parameter after: Keys up to and including this key are skipped; nil to skip none.
    init(_ db: Database, prefix: String, after: String?) throws {
        self.db = db
        end = Self.end(of: prefix)
        let start = max(prefix, after ?? prefix)
        nextRow = try Self.first(db, Self.rows, after: start, end)
        nextBaseline = try Self.first(db, Self.baseline, after: start, end)
        nextStanding = try Self.first(db, Self.standings, after: start, end)
    }

    mutating func next() throws -> String? {
        guard let key = [nextRow, nextBaseline, nextStanding].compactMap(\.self).min() else {
            return nil
        }
        if nextRow == key { nextRow = try Self.first(db, Self.rows, after: key, end) }
        if nextBaseline == key {
            nextBaseline = try Self.first(db, Self.baseline, after: key, end)
        }
        if nextStanding == key {
            nextStanding = try Self.first(db, Self.standings, after: key, end)
        }
        return key
    }

    package static let rows = """
        SELECT key FROM audit INDEXED BY audit_by_key WHERE key > ? AND key < ? ORDER BY key LIMIT 1
        """
    private static let baseline = """
        SELECT key FROM baseline WHERE key > ? AND key < ? ORDER BY key LIMIT 1
        """

    private static let standings = """
        SELECT key FROM standing WHERE key > ? AND key < ? AND value IS NOT NULL ORDER BY key LIMIT 1
        """

    private static func first(
        _ db: Database, _ sql: String, after key: String, _ end: String
    ) throws -> String? {
        try String.fetchOne(try db.cachedStatement(sql: sql), arguments: [key, end])
    }

    /// Returns the first string in sort order after all strings that begin with `prefix`. `prefix` must be ASCII.
    private static func end(of prefix: String) -> String {
        guard let last = prefix.unicodeScalars.last, let next = Unicode.Scalar(last.value + 1)
        else { return "\u{10FFFF}" }
        var end = String(prefix.unicodeScalars.dropLast())
        end.unicodeScalars.append(next)
        return end
    }
}
