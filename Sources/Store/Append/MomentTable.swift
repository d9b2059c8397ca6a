import Domain
import GRDB

/// Maintains table `moment`, which gives the newest revision that existed at a given time.
///
/// The time of a change comes from the clock of its author, so a newer revision may have an older time. The table
/// leaves out each revision for which a newer revision has the same or an older time. So times and revisions both
/// rise from row to row, and one look-up finds the newest revision at a given time.
struct MomentTable: Sendable {
    /// The last row of the table, kept in memory. Nearly every new change is later than this row, and then needs no
    /// query.
    private var last: Moment?

    init(_ db: Database) throws { last = try Moment.last(db) }

    /// Adds the moment of a row. Ignores refusals and rows without a revision, because they record no change in
    /// etcd.
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

    /// Records that `position` was the newest position at `time`. etcd held no audited keys at that position.
    mutating func begin(_ time: Timestamp, _ position: HistoryPosition, in db: Database) throws {
        try insert(Moment(time: time, position: position), in: db)
    }

    /// Inserts a moment whose time or position may be lower than that of the last row.
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

/// A row of table `moment`: a time, and the newest position that existed at this time.
///
/// Times and positions both rise from row to row, so a row can be found by its time or by its position.
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

    /// Returns the first moment at `position` or later; nil if there is none. Searches by bisection over times,
    /// because table `moment` is indexed by time only. Reads at most about 60 rows, even in a large table.
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
