import DequeModule
package import Domain
import GRDB
import HeapModule

/// A table with lists of rows in the order of time. Each list has a number, such as the id of a network.
package struct RowLists: Sendable {
    let table: String
    /// The column with the number of a list.
    let column: String

    /// The rows that touch a network.
    package static let networks = RowLists(table: "audit_cidr", column: "cidr")
    /// The rows of one kind that touch the same regions.
    package static let scopes = RowLists(table: "audit_scope", column: "scope")

    /// Returns the statement that reads the next rows of a list. Its arguments are, in this order: the arguments of
    /// `columns`, the number of the list, the time and the number of the last row that was read, the time at which the
    /// search ends, the arguments of `condition`, and the largest number of rows.
    package func sql(
        _ order: AuditOrder, columns: [String] = [], condition: String? = nil
    ) -> String {
        let results = (["time", "seq"] + columns).joined(separator: ", ")
        let limits = condition.map { " AND \($0)" } ?? ""
        return switch order {
        case .ascending:
            """
            SELECT \(results) FROM \(table) WHERE \(column) = ? AND (time, seq) > (?, ?) \
            AND time < ?\(limits) ORDER BY time, seq LIMIT ?
            """
        case .descending:
            """
            SELECT \(results) FROM \(table) WHERE \(column) = ? AND (time, seq) < (?, ?) \
            AND time >= ?\(limits) ORDER BY time DESC, seq DESC LIMIT ?
            """
        }
    }

    /// The statement that reads the numbers of a list's rows within a time range.
    var rowsSQL: String {
        "SELECT seq FROM \(table) WHERE \(column) = ? AND time >= ? AND time < ? LIMIT ?"
    }

    package var countSQL: String { "SELECT count(*) FROM (\(rowsSQL))" }

    /// Returns an SQL expression for the value of `expression` in table `audit`, for the row with the same `seq` as the
    /// current row of this table.
    fileprivate func ofRow(_ expression: String) -> String {
        "(SELECT \(expression) FROM audit WHERE audit.seq = \(table).seq)"
    }
}

/// Merges the rows of several lists, such as the rows that touch at least one of the given networks.
///
/// A heap holds the next row of each list. So the cost of a step grows with the logarithm of the number of lists.
struct ListMerge: CandidateSource {
    /// One list, with the rows that were read from it and not yet returned.
    private struct List {
        let id: Int64
        var rows: Deque<Candidate> = []
        var isComplete = false
        /// The number of rows to read next. The number is small at first, because most searches end after a few rows.
        /// It grows with each read.
        var chunk = 8
        var last: RowPosition?
    }

    /// The next row of list number `list`.
    private struct Head: Comparable {
        let candidate: Candidate
        let list: Int

        static func < (lhs: Head, rhs: Head) -> Bool {
            (lhs.candidate.position, lhs.list) < (rhs.candidate.position, rhs.list)
        }

        static func == (lhs: Head, rhs: Head) -> Bool {
            (lhs.candidate.position, lhs.list) == (rhs.candidate.position, rhs.list)
        }
    }

    private static let maximumChunk = 1024

    private let db: Database
    private let range: SearchRange
    private let sql: String
    /// The arguments of the columns that the statement reads.
    private let columnValues: [SQLValue]
    private let conditionValues: [SQLValue]
    private let hasMatch: Bool
    private let hasGroup: Bool
    private var lists: [List]
    private var heads: Heap<Head> = []
    private var isStarted = false
    private var last: RowPosition?

    /// - Parameters:
    ///   - terms: Terms to test on each row; nil to test none.
    ///   - group: An SQL expression for the group of a row; nil to read no groups.
    ///   - visible: The rows to which the search is limited; nil for all rows.
    init(
        _ db: Database, _ kind: RowLists, ids: [Int64], _ range: SearchRange,
        terms: [SearchTerm]? = nil, group: String? = nil, visible: VisibleRows? = nil
    ) {
        self.db = db
        self.range = range
        lists = ids.map { List(id: $0) }
        (hasMatch, hasGroup) = (terms != nil, group != nil)
        let match = terms.map { "coalesce(\(kind.ofRow($0.condition)), 0)" } ?? "1"
        let columns = [match] + (group.map { [kind.ofRow($0)] } ?? [])
        columnValues = terms?.values ?? []
        conditionValues = visible.map { [$0.argument] } ?? []
        sql = kind.sql(
            range.order, columns: columns,
            condition: visible.map { _ in VisibleRows.condition("\(kind.table).seq") })
    }

    /// Returns each row once, even if several of the lists have it.
    mutating func next() throws -> Candidate? {
        if !isStarted {
            isStarted = true
            for index in lists.indices { try advance(index) }
        }
        while let head = range.order == .ascending ? heads.popMin() : heads.popMax() {
            try advance(head.list)
            // Skips a row that another list has just given. If several lists have the same row, they give the row in
            // successive steps.
            guard head.candidate.position != last else { continue }
            last = head.candidate.position
            return head.candidate
        }
        return nil
    }

    /// Puts the next row of a list into the heap, if the list has one.
    private mutating func advance(_ index: Int) throws {
        if lists[index].rows.isEmpty, !lists[index].isComplete { try fill(index) }
        guard let candidate = lists[index].rows.popFirst() else { return }
        heads.insert(Head(candidate: candidate, list: index))
    }

    private mutating func fill(_ index: Int) throws {
        let list = lists[index]
        let start = list.last ?? Self.start(range)
        let bound = range.order == .ascending ? range.until ?? .max : range.since ?? .min
        let place: [SQLValue] = [list.id, start.time, start.seq, bound]
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: sql),
            arguments: StatementArguments(columnValues + place + conditionValues + [list.chunk]))
        let candidates = try rows.map(candidate)
        lists[index].rows = Deque(candidates)
        lists[index].isComplete = candidates.count < list.chunk
        lists[index].last = candidates.last?.position ?? list.last
        lists[index].chunk = min(list.chunk * 4, Self.maximumChunk)
    }

    private func candidate(_ row: Row) throws -> Candidate {
        let reader = ColumnReader(row: row, label: "audit")
        return Candidate(
            RowPosition(time: try reader.integer(0), seq: try reader.integer(1)),
            isMatch: try !hasMatch || reader.integer(2) != 0,
            group: hasGroup ? row[3] as DatabaseValue : nil)
    }

    /// Returns the position before the first row of the range. Row numbers begin at 1, so number 0 is before every
    /// row.
    private static func start(_ range: SearchRange) -> RowPosition {
        switch range.order {
        case .ascending:
            let start = RowPosition(time: range.since ?? .min, seq: 0)
            return range.after.map { max($0, start) } ?? start
        case .descending:
            let start =
                range.until.map { RowPosition(time: $0, seq: 0) }
                ?? RowPosition(time: .max, seq: .max)
            return range.after.map { min($0, start) } ?? start
        }
    }
}
