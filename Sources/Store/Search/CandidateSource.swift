import Domain
import GRDB

/// A row that may match the search.
struct Candidate {
    let position: RowPosition
    /// False if the row is known not to match.
    let isMatch: Bool
    /// The value of the group's column; nil if the source was not asked to read it.
    var group: DatabaseValue?

    init(_ position: RowPosition, isMatch: Bool = true, group: DatabaseValue? = nil) {
        self.position = position
        self.isMatch = isMatch
        self.group = group
    }
}

/// A source of candidates in the order of the search. Each call of `next()` reads about one row, so that the caller
/// can limit the cost.
protocol CandidateSource {
    mutating func next() throws -> Candidate?
    /// The position where a search continues after `next()` returned nil; nil at the end of the ledger.
    var continuation: RowPosition? { get }
}

extension CandidateSource {
    var continuation: RowPosition? { nil }
}

/// Rows with known positions.
struct PositionList: CandidateSource {
    private var positions: IndexingIterator<[RowPosition]>

    init(_ positions: [RowPosition], _ range: SearchRange) {
        let ahead = positions.filter(range.contains)
        self.positions = ahead.sorted { range.order == .ascending ? $0 < $1 : $0 > $1 }
            .makeIterator()
    }

    mutating func next() -> Candidate? { positions.next().map { Candidate($0) } }
}

/// Rows along an index that lists them in the order of time.
///
/// The statement names the index, so that the plan does not depend on SQLite's statistics. The other terms of the
/// search are not in its WHERE clause but in a result column. So `next()` also returns rows that do not match, and
/// each call reads one row. A caller that stops early can therefore limit how many rows are read.
package struct IndexScan: CandidateSource {
    /// A statement and its arguments.
    package struct Part: Sendable {
        package let sql: String
        package let values: [SQLValue]
    }

    private let db: Database
    private var parts: ArraySlice<Part>
    private var rows: RowCursor?
    private let hasGroup: Bool

    /// - Parameters:
    ///   - lead: The term whose index is read; nil for all rows in the order of time.
    ///   - group: An additional expression to read.
    ///   - visible: The rows to which the search is limited; nil for all rows. SQLite skips other rows within a step, so
    ///     the lead must have few rows.
    init(
        _ db: Database, lead: SearchTerm?, others: [SearchTerm], _ range: SearchRange,
        group: String? = nil, visible: VisibleRows? = nil
    ) {
        self.db = db
        parts =
            Self.parts(
                lead: lead, others: others, range, group: group,
                limits: visible.map { [$0.term] } ?? []
            )[...]
        hasGroup = group != nil
    }

    package static func parts(
        lead: SearchTerm?, others: [SearchTerm], _ range: SearchRange, group: String? = nil,
        limits: [SearchTerm] = []
    ) -> [Part] {
        let index = lead?.index ?? "audit_by_time"
        let columns = ["time", "seq", others.condition] + (group.map { [$0] } ?? [])
        return range.parts.map { bounds in
            let searched = (lead.map { [$0] } ?? []) + bounds + limits
            let terms =
                searched.map(\.sql) + (SearchTerm.partialIndexes[index].map { [$0] } ?? [])
            let restriction = terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ")
            let sql = """
                SELECT \(columns.joined(separator: ", ")) FROM audit INDEXED BY \(index) \
                \(restriction) ORDER BY time \(range.direction), seq \(range.direction)
                """
            return Part(sql: sql, values: others.values + searched.values)
        }
    }

    mutating func next() throws -> Candidate? {
        while true {
            if let row = try rows?.next() { return try candidate(row) }
            guard let part = parts.popFirst() else { return nil }
            let statement = try db.cachedStatement(sql: part.sql)
            rows = try Row.fetchCursor(
                statement, arguments: StatementArguments(part.values))
        }
    }

    private func candidate(_ row: Row) throws -> Candidate {
        let reader = ColumnReader(row: row, label: "audit")
        let position = RowPosition(time: try reader.integer(0), seq: try reader.integer(1))
        return Candidate(
            position, isMatch: try reader.integer(2) != 0,
            group: hasGroup ? row[3] as DatabaseValue : nil)
    }
}
