import Domain
import GRDB

/// One row of table `moment`: the newest revision that had been made by a time. Both rise from row to row,
/// so each finds the other.
struct Moment: Sendable {
    var time: Timestamp
    var place: HistoryPlace
}

extension Moment {
    static func last(atOrBefore time: Timestamp, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time <= ? ORDER BY time DESC LIMIT 1", [time.microseconds])
    }

    static func first(after time: Timestamp, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time > ? ORDER BY time LIMIT 1", [time.microseconds])
    }

    static func last(_ db: Database) throws -> Moment? {
        try fetch(db, "ORDER BY time DESC LIMIT 1", [])
    }

    /// Looks at about 60 rows, however many there are.
    static func first(atOrAfter place: HistoryPlace, _ db: Database) throws -> Moment? {
        guard let oldest = try fetch(db, "ORDER BY time LIMIT 1", []), let last = try last(db),
            last.place >= place
        else { return nil }
        var (low, high) = (oldest.time.microseconds, last.time.microseconds)
        while low < high {
            let middle = low + (high - low) / 2
            guard let found = try Moment.first(from: middle, db) else { break }
            if found.place >= place { high = middle } else { low = found.time.microseconds + 1 }
        }
        return try Moment.first(from: low, db)
    }

    static func last(atOrBefore place: HistoryPlace, _ db: Database) throws -> Moment? {
        guard place.revision < .max else {
            let next = HistoryPlace(epoch: place.epoch + 1, revision: 0)
            return try last(before: first(atOrAfter: next, db), db)
        }
        let next = HistoryPlace(epoch: place.epoch, revision: place.revision + 1)
        return try last(before: first(atOrAfter: next, db), db)
    }

    private static func last(before next: Moment?, _ db: Database) throws -> Moment? {
        guard let next else { return try last(db) }
        return try fetch(
            db, "WHERE time < ? ORDER BY time DESC LIMIT 1", [next.time.microseconds])
    }

    private static func first(from time: Int64, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time >= ? ORDER BY time LIMIT 1", [time])
    }

    private static func fetch(
        _ db: Database, _ tail: String, _ arguments: StatementArguments
    ) throws -> Moment? {
        let statement = try db.cachedStatement(
            sql: "SELECT time, epoch, revision FROM moment \(tail)")
        guard let row = try Row.fetchOne(statement, arguments: arguments) else { return nil }
        let reader = ColumnReader(row: row, label: "moment")
        return Moment(
            time: Timestamp(microseconds: try reader.integer(0)),
            place: HistoryPlace(
                epoch: try reader.integer(1), revision: try reader.integer(2)))
    }
}
