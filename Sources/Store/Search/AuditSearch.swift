package import Domain
package import GRDB

/// A search through the ledger. A search examines a limited number of rows, and returns the position at which the
/// next search continues.
package struct AuditSearch {
    /// The limits of a search. The unit of cost is the cost of examining one entry of an index.
    package struct Budget {
        package var cost: Int
        /// The largest number of groups to count.
        package var groups = 10_000
        /// The size of texts, in bytes, at which a page ends. A row is never split, so the last row of a page may
        /// exceed the limit.
        package var bytes = 8 << 20

        package static let page = Budget(cost: 20_000)
        package static let count = Budget(cost: 250_000)
        /// The cost of reading a whole row and checking its documents.
        static let wholeRow = 10

        package init(cost: Int) { self.cost = cost }
    }

    private let db: Database
    private let filter: AuditFilter
    private let order: AuditOrder
    private let cursor: AuditCursor?
    /// The rows to which the search is limited; nil for all rows.
    private let visible: VisibleRows?
    private let probe: RowProbe

    package init(
        _ db: Database, _ filter: AuditFilter, order: AuditOrder, from cursor: AuditCursor?,
        within scope: AuditScope = .everything, _ scopes: ScopeTable = ScopeTable()
    ) throws {
        self.db = db
        self.filter = filter
        self.order = order
        self.cursor = cursor
        visible = try VisibleRows(scope, scopes, db)
        probe = RowProbe(db, filter, visible)
    }

    /// Returns up to `limit` matching rows. Stops when `budget` is used up.
    package func page(limit: Int, _ budget: Budget = .page) throws -> AuditPage {
        var source = try source(group: nil)
        var page = AuditPage(records: [], next: nil)
        var (cost, bytes) = (0, 0)
        var last: RowPosition?
        while let candidate = try source.next() {
            if cost >= budget.cost || bytes >= budget.bytes {
                page.next = last.map(cursor)
                page.isPartial = page.records.count < limit
                return page
            }
            cost += 1
            page.scanned += 1
            last = candidate.position
            guard candidate.isMatch else { continue }
            guard let record = try probe.record(candidate.position.seq) else {
                cost += probe.isCostly ? Budget.wholeRow : 1
                continue
            }
            // The page is full. This further match shows that there is a next page.
            if page.records.count == limit {
                page.next = page.records.last.map(cursor)
                return page
            }
            page.records.append(record)
            bytes += record.textBytes
        }
        if let position = source.continuation {
            page.next = cursor(position)
            page.isPartial = page.records.count < limit
        }
        return page
    }

    /// Counts the matching rows of each group. Stops when `budget` is used up.
    package func groups(by grouping: AuditGrouping, _ budget: Budget = .count) throws -> AuditGroups
    {
        var source = try source(group: probe.isCostly ? nil : grouping.column)
        var counts: [String?: Int] = [:]
        var (cost, scanned) = (0, 0)
        var last: RowPosition?
        func result(_ next: RowPosition?) -> AuditGroups {
            AuditGroups(counts: counts, scanned: scanned, next: next.map(cursor))
        }
        while let candidate = try source.next() {
            if cost >= budget.cost { return result(last) }
            if candidate.isMatch {
                let key: String?
                if let group = candidate.group {
                    key = grouping.key(group)
                } else {
                    cost += Budget.wholeRow
                    guard let record = try probe.record(candidate.position.seq) else {
                        (scanned, last) = (scanned + 1, candidate.position)
                        continue
                    }
                    key = grouping.key(record)
                }
                if counts[key] == nil, counts.count >= budget.groups { return result(last) }
                counts[key, default: 0] += 1
            }
            cost += 1
            scanned += 1
            last = candidate.position
        }
        return result(source.continuation)
    }

    private func source(group: String?) throws -> any CandidateSource {
        if let text = filter.text {
            return try TextScan(db, text, order: order, after: cursor?.seq, visible: visible)
        }
        let after = cursor.flatMap { cursor in
            cursor.time.map { RowPosition(time: $0.microseconds, seq: cursor.seq) }
        }
        let range = SearchRange(filter, order: order, after: after)
        switch try SearchLead.choose(db, filter, range, visible) {
        case .networks(let ids):
            return ListMerge(db, .networks, ids: ids, range, visible: visible)
        case .scopes(let ids):
            return ListMerge(db, .scopes, ids: ids, range, terms: filter.terms, group: group)
        case .places(let positions): return PositionList(positions, range)
        case .time:
            return IndexScan(db, lead: nil, others: filter.terms, range, group: group)
        case .term(let lead):
            let others = filter.terms.filter { $0.index != lead.index }
            return IndexScan(
                db, lead: lead, others: others, range, group: group, visible: visible)
        }
    }

    private func cursor(_ record: AuditRecord) -> AuditCursor {
        filter.text == nil ? AuditCursor(record) : AuditCursor(seq: record.seq)
    }

    private func cursor(_ position: RowPosition) -> AuditCursor {
        filter.text == nil
            ? AuditCursor(time: Timestamp(microseconds: position.time), seq: position.seq)
            : AuditCursor(seq: position.seq)
    }
}

/// Reads a row by its number, and tests every condition of the filter, because the source that gave the row may have
/// tested only some conditions.
private struct RowProbe {
    private let db: Database
    private let filter: AuditFilter
    private let sql: String
    private let values: [SQLValue]

    init(_ db: Database, _ filter: AuditFilter, _ visible: VisibleRows?) {
        self.db = db
        self.filter = filter
        // Tests the time too. A search for words finds rows by their words alone, so their time has not been tested
        // yet.
        let range = SearchRange(filter, order: .ascending, after: nil)
        // Tests again that the row is visible. The sources give only visible rows, but a mistake in a source must
        // not show an invisible row.
        let terms = filter.terms + range.bounds + (visible.map { [$0.term] } ?? [])
        sql = "SELECT \(AuditRow.columns) FROM audit WHERE seq = ? AND \(terms.condition)"
        values = terms.values
    }

    /// True if the filter has conditions that need the whole row.
    var isCostly: Bool { filter.network != nil || filter.field != nil }

    /// Returns the row if it matches; otherwise nil.
    func record(_ seq: Int64) throws -> AuditRecord? {
        let statement = try db.cachedStatement(sql: sql)
        let arguments = StatementArguments([seq] + values)
        guard let row = try Row.fetchOne(statement, arguments: arguments) else { return nil }
        let record = try AuditRow.record(row)
        return filter.matchesNetworks(record) && filter.matchesField(record) ? record : nil
    }
}

extension AuditGrouping {
    /// The column whose value is the group of a row. For `day`, the group is the date of the time in the column.
    fileprivate var column: String { self == .day ? "time" : rawValue }

    fileprivate func key(_ value: DatabaseValue) -> String? {
        switch value.storage {
        case .string(let text): text
        case .int64(let time): String(Timestamp(microseconds: time).rfc3339.prefix(10))
        default: nil
        }
    }
}

extension AuditRecord {
    /// The size of the row's large columns, in bytes.
    var textBytes: Int {
        [entry.before, entry.after, entry.detail, entry.cidrs, entry.warnings]
            .reduce(256) { $0 + ($1?.utf8.count ?? 0) }
    }
}
