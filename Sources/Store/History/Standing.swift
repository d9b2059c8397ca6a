import GRDB

/// What is known to have stood under a key at a place where the newest row before it says something else:
/// the row that would say so was pruned, or is in a segment that was not imported.
struct Standing {
    var place: HistoryPlace
    /// Nil when there was no object.
    var object: HistoricalObject?

    /// Step 6 of the schema. `made_epoch` and `made_revision` say where the value was made; they and the
    /// value are NULL where there was no object.
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

    /// The newest of `key` at or before `place`.
    init?(_ db: Database, _ key: String, at place: HistoryPlace) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT epoch, revision, made_epoch, made_revision, value FROM standing
                WHERE key = ? AND (epoch, revision) <= (?, ?)
                ORDER BY epoch DESC, revision DESC LIMIT 1
                """)
        let row = try Row.fetchOne(statement, arguments: [key, place.epoch, place.revision])
        guard let row else { return nil }
        let reader = ColumnReader(row: row, label: "standing \(key)")
        self.place = HistoryPlace(epoch: try reader.integer(0), revision: try reader.integer(1))
        object = try reader.optionalText(4).map { value in
            HistoricalObject(
                key: key,
                place: HistoryPlace(
                    epoch: try reader.integer(2), revision: try reader.integer(3)),
                value: value)
        }
    }

    /// Puts down that `object`, or none when nil, stood under `key` at `place`.
    static func put(
        _ object: HistoricalObject?, _ key: String, at place: HistoryPlace, in db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            key, place.epoch, place.revision, object?.place.epoch, object?.place.revision,
            object?.value,
        ])
    }
}
