package import Domain
import GRDB

/// A range of revisions that the ledger knows completely, and the times of its changes.
package struct HistoryRange: Hashable, Sendable {
    /// The epoch of the revisions; see `AuditRecord.Draft.epoch`.
    package var epoch: Int64
    /// The first revision of the range. The ledger knows the state after this revision and every later change.
    package var first: Int64
    /// The last revision; nil for the range that is still growing.
    package var last: Int64?
    /// The time of the first change in the range; nil if the range has no change yet.
    package var since: Timestamp?
    /// The time of the last change in the range; nil if the range has no change yet.
    package var until: Timestamp?

    package init(
        epoch: Int64, first: Int64, last: Int64? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.epoch = epoch
        self.first = first
        self.last = last
        self.since = since
        self.until = until
    }

    package var start: HistoryPosition { HistoryPosition(epoch: epoch, revision: first) }
    package var end: HistoryPosition { HistoryPosition(epoch: epoch, revision: last ?? .max) }

    package func contains(_ position: HistoryPosition) -> Bool { (start...end).contains(position) }
}

extension HistoryRange {
    /// The largest number of ranges to read. A new range begins only after a gap, so a ledger has few ranges.
    private static let maximumCount = 100

    /// Returns the newest ranges, in ascending order. Leaves out a range that ends at revision 0, because every etcd
    /// is empty at revision 0. A new ledger may have a range that ends at revision 0.
    static func newest(_ db: Database) throws -> [HistoryRange] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT epoch, first, last FROM coverage WHERE last IS NULL OR last > 0
                ORDER BY epoch DESC, first DESC LIMIT \(maximumCount)
                """)
        return try Row.fetchAll(statement).reversed().map { try HistoryRange($0, db) }
    }

    /// Returns the range that holds `position`; nil if no range does.
    static func holding(_ position: HistoryPosition, _ db: Database) throws -> HistoryRange? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT epoch, first, last FROM coverage WHERE epoch = ? AND first <= ?
                ORDER BY first DESC LIMIT 1
                """)
        let row = try Row.fetchOne(statement, arguments: [position.epoch, position.revision])
        guard let range = try row.map({ try HistoryRange($0, db) }), range.contains(position) else {
            return nil
        }
        return range
    }

    /// Returns true if a range holds `position`. Does not read the times.
    static func isHeld(_ position: HistoryPosition, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM coverage
                    WHERE epoch = ?1 AND first <= ?2 AND coalesce(last, ?2) >= ?2)
                """)
        return try Bool.fetchOne(statement, arguments: [position.epoch, position.revision]) ?? false
    }

    private init(_ row: Row, _ db: Database) throws {
        let reader = ColumnReader(row: row, label: "coverage")
        self.init(
            epoch: try reader.integer(0), first: try reader.integer(1),
            last: try reader.optionalInteger(2))
        if let moment = try Moment.first(atOrAfter: start, db), moment.position <= end {
            since = moment.time
        }
        if let moment = try Moment.last(atOrBefore: end, db), moment.position >= start {
            until = moment.time
        }
    }
}

/// Reads the epochs of the rows. A ledger has few epochs. Imported rows may have epochs below 1.
package enum Epochs {
    /// Returns the epochs in ascending order, with one look-up for each. Returns nil if there are more than
    /// `limit`. Rows of schema 1 are ignored, because they have no epoch.
    static func all(_ db: Database, limit: Int = 1_000) throws -> [Int64]? {
        // Looks up one epoch after the other, because SELECT DISTINCT would read every entry of the index.
        let statement = try db.cachedStatement(sql: nextSQL)
        var epochs: [Int64] = []
        var last = Int64.min
        while let epoch = try Int64.fetchOne(statement, arguments: [last]) {
            guard epochs.count < limit else { return nil }
            epochs.append(epoch)
            last = epoch
        }
        return epochs
    }

    package static let nextSQL = """
        SELECT epoch FROM audit INDEXED BY audit_by_revision \
        WHERE revision IS NOT NULL AND epoch > ? ORDER BY epoch LIMIT 1
        """
}
