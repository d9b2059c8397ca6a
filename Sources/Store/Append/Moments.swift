import Domain
import GRDB

/// Keeps table `moment`: for a time, the newest revision that had been made by then.
///
/// Times of changes are their authors' clocks, so a newer revision may bear an older time. The table
/// holds a revision only while no newer one bears the same or an older time; both columns then rise
/// together, and one look-up answers what stood at a time.
struct Moments: Sendable {
    private struct Place: Comparable {
        var epoch: Int64
        var revision: Int64

        static func < (lhs: Place, rhs: Place) -> Bool {
            (lhs.epoch, lhs.revision) < (rhs.epoch, rhs.revision)
        }
    }

    private var last: (time: Int64, place: Place)?

    init(_ db: Database) throws {
        last = try Self.fetch(db, "ORDER BY time DESC LIMIT 1", [])
    }

    /// Takes in a row; one without a revision, or of an attempt, made nothing.
    mutating func note(_ record: AuditRecord, in db: Database) throws {
        guard record.outcome == .accepted, let revision = record.revision, let epoch = record.epoch
        else { return }
        let (time, place) = (record.time.microseconds, Place(epoch: epoch, revision: revision))
        if let last {
            if last.place == place, last.time <= time { return }
            if time <= last.time || place < last.place {
                try insert(time, place, in: db)
                return
            }
        }
        try Self.put(time, place, in: db)
        last = (time, place)
    }

    /// Takes in that `revision`, at which there was nothing, was the newest at `time`.
    mutating func begin(
        _ time: Timestamp, _ epoch: Int64, _ revision: Int64, in db: Database
    ) throws {
        try insert(time.microseconds, Place(epoch: epoch, revision: revision), in: db)
    }

    /// The general case: of a time or a revision that does not rise.
    private mutating func insert(_ time: Int64, _ place: Place, in db: Database) throws {
        let before = try Self.fetch(db, "WHERE time <= ? ORDER BY time DESC LIMIT 1", [time])
        if let before, before.place >= place { return }
        while let next = try Self.fetch(db, "WHERE time >= ? ORDER BY time LIMIT 1", [time]),
            next.place <= place
        {
            try db.execute(sql: "DELETE FROM moment WHERE time = ?", arguments: [next.time])
        }
        try Self.put(time, place, in: db)
        last = try Self.fetch(db, "ORDER BY time DESC LIMIT 1", [])
    }

    private static func put(_ time: Int64, _ place: Place, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO moment (time, epoch, revision) VALUES (?, ?, ?)")
        try statement.execute(arguments: [time, place.epoch, place.revision])
    }

    private static func fetch(
        _ db: Database, _ tail: String, _ arguments: StatementArguments
    ) throws -> (time: Int64, place: Place)? {
        let statement = try db.cachedStatement(
            sql: "SELECT time, epoch, revision FROM moment \(tail)")
        guard let row = try Row.fetchOne(statement, arguments: arguments) else { return nil }
        let reader = ColumnReader(row: row, label: "moment")
        return (
            try reader.integer(0),
            Place(epoch: try reader.integer(1), revision: try reader.integer(2))
        )
    }
}
