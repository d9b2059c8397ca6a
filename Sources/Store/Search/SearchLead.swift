import Domain
import GRDB

/// The index or list through which a search reads the ledger.
package enum SearchLead {
    /// The index of this term.
    case term(SearchTerm)
    /// The index of all rows by time.
    case time
    /// The lists of the rows that touch networks. The values are ids in table `cidr`.
    case networks([Int64])
    /// The lists of the rows that a principal may see. The values are ids in table `scope`.
    case scopes([Int64])
    /// The positions of the rows of one key or one revision.
    case places([RowPosition])

    /// The largest number of rows to count for each lead when the cheapest lead is chosen. More counting would take
    /// more time than the cheaper lead saves.
    static let probe = 10_000
    /// The relative cost of a row that is found through networks. The cost is higher because the whole row is read
    /// before any other condition is tested.
    static let networkCost = 4
    /// The largest number of networks whose lists of rows a search merges.
    package static let maximumNetworks = 256
    /// The largest number of rows of one key or revision to sort in memory. Sorting is needed because the indexes
    /// of keys and revisions are not in the order of time.
    static let maximumPlaces = 20_000

    /// Returns the cheapest lead. If several leads have the lowest cost, returns the first of them. Counts at most
    /// `probe` rows of each lead.
    static func choose(
        _ db: Database, _ filter: AuditFilter, _ range: SearchRange, _ visible: VisibleRows? = nil
    ) throws -> SearchLead {
        if let places = try places(db, filter) {
            return .places(try visible?.filter(places, db) ?? places)
        }
        if let visible { return try choose(db, filter, range, limitedTo: visible) }
        let ways = try ways(db, filter, range)
        guard var best = ways.first else { return .time }
        guard ways.count > 1 else { return best.lead }
        var least = try best.cost(probe)
        for way in ways.dropFirst() where least > 0 {
            // Counts only up to the lowest cost so far, because a higher count cannot change the choice.
            let cost = try way.cost(least)
            if cost < least { (best, least) = (way, cost) }
        }
        return best.lead
    }

    /// A lead, and a function that counts its cost up to `limit`.
    private typealias Way = (lead: SearchLead, cost: (_ limit: Int) throws -> Int)

    private static func ways(
        _ db: Database, _ filter: AuditFilter, _ range: SearchRange
    ) throws -> [Way] {
        var ways: [Way] = []
        for term in filter.terms where term.index != nil {
            ways.append((.term(term), { try count(db, term, range, $0) }))
        }
        if range.isBounded { ways.append((.time, { try count(db, nil, range, $0) })) }
        if let network = filter.network,
            let ids = try NetworkIDs.find(network, limit: maximumNetworks, in: db)
        {
            ways.append(
                (
                    .networks(ids),
                    {
                        try count(db, .networks, ids, range, $0 / networkCost + 1) * networkCost
                    }
                ))
        }
        return ways
    }

    package static func countSQL(_ term: SearchTerm?, _ range: SearchRange) -> (String, [SQLValue])
    {
        let (sql, values) = rowsSQL(term, range)
        return ("SELECT count(*) FROM (\(sql))", values)
    }

    /// Returns a statement that selects the row numbers of a lead.
    private static func rowsSQL(
        _ term: SearchTerm?, _ range: SearchRange
    ) -> (String, [SQLValue]) {
        let index = term?.index ?? "audit_by_time"
        let terms = (term.map { [$0] } ?? []) + range.bounds
        let texts = terms.map(\.sql) + (SearchTerm.partialIndexes[index].map { [$0] } ?? [])
        let sql = """
            SELECT seq FROM audit INDEXED BY \(index) \
            WHERE \(texts.joined(separator: " AND ")) LIMIT ?
            """
        return (sql, terms.values)
    }

    private static func count(
        _ db: Database, _ term: SearchTerm?, _ range: SearchRange, _ limit: Int
    ) throws -> Int {
        let (sql, values) = countSQL(term, range)
        let statement = try db.cachedStatement(sql: sql)
        return try Int.fetchOne(statement, arguments: StatementArguments(values + [limit])) ?? 0
    }

    private static func count(
        _ db: Database, _ lists: RowLists, _ ids: [Int64], _ range: SearchRange, _ limit: Int
    ) throws -> Int {
        let statement = try db.cachedStatement(sql: lists.countSQL)
        var count = 0
        for id in ids where count < limit {
            count +=
                try Int.fetchOne(
                    statement,
                    arguments: [
                        id, range.since ?? .min, range.until ?? .max, limit - count,
                    ]) ?? 0
        }
        return count
    }

    package static let keySQL = """
        SELECT time, seq FROM audit INDEXED BY audit_by_key WHERE key = ? LIMIT \(maximumPlaces + 1)
        """

    package static let revisionSQL = """
        SELECT time, seq FROM audit INDEXED BY audit_by_revision \
        WHERE epoch IS ? AND revision = ? LIMIT \(maximumPlaces + 1)
        """

    /// Returns the positions of the rows with the filter's revision or key. Returns nil if the filter has neither
    /// revision nor key, or if there are more than `maximumPlaces` rows.
    private static func places(_ db: Database, _ filter: AuditFilter) throws -> [RowPosition]? {
        if let revision = filter.revision {
            if let epoch = filter.epoch { return try fetch(db, revisionSQL, [epoch, revision]) }
            // Begins with the rows of schema 1, which have no epoch.
            var places = try fetch(db, revisionSQL, [DatabaseValue.null, revision])
            guard let epochs = try Epochs.all(db) else { return nil }
            for epoch in epochs {
                guard let more = try fetch(db, revisionSQL, [epoch, revision]) else { return nil }
                places = places.map { $0 + more }
            }
            return places
        }
        guard let key = filter.key else { return nil }
        return try fetch(db, keySQL, [key.withoutNUL])
    }

    private static func fetch(
        _ db: Database, _ sql: String, _ values: [SQLValue]
    ) throws -> [RowPosition]? {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: StatementArguments(values))
        var places: [RowPosition] = []
        while let row = try rows.next() {
            let reader = ColumnReader(row: row, label: "audit")
            places.append(RowPosition(time: try reader.integer(0), seq: try reader.integer(1)))
        }
        return places.count <= maximumPlaces ? places : nil
    }
}

/// The choice for a search that is limited to visible rows.
extension SearchLead {
    /// Returns the lead with the fewest visible rows.
    ///
    /// Compares only the numbers of visible rows. The choice must not depend on the number of invisible rows,
    /// because the client sees how many rows a search examines.
    ///
    /// Does not use a lead that has `probe` or more rows, visible and invisible together, because the search would
    /// have to skip the invisible rows. The lists of visible rows can always be used.
    private static func choose(
        _ db: Database, _ filter: AuditFilter, _ range: SearchRange, limitedTo visible: VisibleRows
    ) throws -> SearchLead {
        var best = SearchLead.scopes(visible.ids)
        var least = try count(db, .scopes, visible.ids, range, probe)
        for term in filter.terms where term.index != nil && least > 0 {
            let (sql, values) = rowsSQL(term, range)
            let rows = try count(db, sql, values, visible)
            if rows.all < probe, rows.visible < least {
                (best, least) = (.term(term), rows.visible)
            }
        }
        guard least > 0, let network = filter.network,
            let ids = try NetworkIDs.find(network, limit: maximumNetworks, in: db)
        else { return best }
        var (all, seen) = (0, 0)
        for id in ids where all < probe {
            let bounds: [SQLValue] = [id, range.since ?? .min, range.until ?? .max]
            let rows = try count(db, RowLists.networks.rowsSQL, bounds, visible)
            (all, seen) = (all + rows.all, seen + rows.visible)
        }
        return all < probe && seen * networkCost < least ? .networks(ids) : best
    }

    /// Runs `sql`, a statement that selects row numbers, and reads at most `probe` of them. Returns the number of these
    /// rows, and the number of visible rows among them.
    private static func count(
        _ db: Database, _ sql: String, _ values: [SQLValue], _ visible: VisibleRows
    ) throws -> (all: Int, visible: Int) {
        let statement = try db.cachedStatement(
            sql: """
                SELECT count(*), count(CASE WHEN \(VisibleRows.condition("found.seq")) THEN 1 END)
                FROM (\(sql)) AS found
                """)
        let arguments = StatementArguments([visible.argument] + values + [probe])
        guard let row = try Row.fetchOne(statement, arguments: arguments) else { return (0, 0) }
        let reader = ColumnReader(row: row, label: "audit")
        return (Int(try reader.integer(0)), Int(try reader.integer(1)))
    }
}
