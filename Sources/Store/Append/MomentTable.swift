import Domain
import GRDB

/// Keeps table `moment`: for a time, the newest revision that had been made by then.
///
/// The time of a change is its author's clock, so a newer revision may bear an older time. The table holds
/// a revision only while no newer one bears the same or an older time. Both columns then rise together, and
/// one look-up answers which revision was the newest at a time.
struct MomentTable: Sendable {
    /// The last row, kept in memory because nearly every new change belongs behind it.
    private var last: Moment?

    init(_ db: Database) throws { last = try Moment.last(db) }

    /// Takes in a row. One without a revision, or of an attempt, changed nothing and is passed over.
    mutating func note(_ record: AuditRecord, in db: Database) throws {
        guard record.outcome == .accepted, let position = record.position else { return }
        let moment = Moment(time: record.time, position: position)
        if let last {
            if last.position == position, last.time <= moment.time { return }
            if moment.time <= last.time || position < last.position {
                try insert(moment, in: db)
                return
            }
        }
        try Self.put(moment, in: db)
        last = moment
    }

    /// Records that `position`, at which etcd held nothing, was the newest one at `time`.
    mutating func begin(_ time: Timestamp, _ position: HistoryPosition, in db: Database) throws {
        try insert(Moment(time: time, position: position), in: db)
    }

    /// Inserts a moment whose time or revision does not rise.
    private mutating func insert(_ moment: Moment, in db: Database) throws {
        let before = try Moment.last(atOrBefore: moment.time, db)
        if let before, before.position >= moment.position { return }
        while let next = try Moment.first(atOrAfter: moment.time, db),
            next.position <= moment.position
        {
            try db.execute(
                sql: "DELETE FROM moment WHERE time = ?", arguments: [next.time.microseconds])
        }
        try Self.put(moment, in: db)
        last = try Moment.last(db)
    }

    private static func put(_ moment: Moment, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO moment (time, epoch, revision) VALUES (?, ?, ?)")
        try statement.execute(
            arguments: [moment.time.microseconds, moment.position.epoch, moment.position.revision])
    }
}

/// One row of table `moment`: the newest revision that had been made by a time.
///
/// Both rise from row to row, so each can be found by the other.
struct Moment: Sendable {
    var time: Timestamp
    var position: HistoryPosition
}

extension Moment {
    static func last(atOrBefore time: Timestamp, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time <= ? ORDER BY time DESC LIMIT 1", [time.microseconds])
    }

    static func first(after time: Timestamp, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time > ? ORDER BY time LIMIT 1", [time.microseconds])
    }

    static func first(atOrAfter time: Timestamp, _ db: Database) throws -> Moment? {
        try fetch(db, "WHERE time >= ? ORDER BY time LIMIT 1", [time.microseconds])
    }

    static func last(_ db: Database) throws -> Moment? {
        try fetch(db, "ORDER BY time DESC LIMIT 1", [])
    }

    /// Looks at about 60 rows, however many there are.
    static func first(atOrAfter position: HistoryPosition, _ db: Database) throws -> Moment? {
        guard let oldest = try fetch(db, "ORDER BY time LIMIT 1", []), let last = try last(db),
            last.position >= position
        else { return nil }
        var (low, high) = (oldest.time.microseconds, last.time.microseconds)
        while low < high {
            let middle = low + (high - low) / 2
            guard
                let found = try Moment.first(atOrAfter: Timestamp(microseconds: middle), db)
            else { break }
            if found.position >= position {
                high = middle
            } else {
                low = found.time.microseconds + 1
            }
        }
        return try Moment.first(atOrAfter: Timestamp(microseconds: low), db)
    }

    static func last(atOrBefore position: HistoryPosition, _ db: Database) throws -> Moment? {
        guard position.revision < .max else {
            let next = HistoryPosition(epoch: position.epoch + 1, revision: 0)
            return try last(before: first(atOrAfter: next, db), db)
        }
        let next = HistoryPosition(epoch: position.epoch, revision: position.revision + 1)
        return try last(before: first(atOrAfter: next, db), db)
    }

    private static func last(before next: Moment?, _ db: Database) throws -> Moment? {
        guard let next else { return try last(db) }
        return try fetch(
            db, "WHERE time < ? ORDER BY time DESC LIMIT 1", [next.time.microseconds])
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
            position: HistoryPosition(
                epoch: try reader.integer(1), revision: try reader.integer(2)))
    }
}
