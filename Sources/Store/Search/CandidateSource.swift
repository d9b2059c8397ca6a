import Domain
import GRDB

/// A row that may match the search.
struct Candidate {
    let position: RowPosition
    /// False if the row does not match; true if the row may match.
    let isMatch: Bool
    /// The value of the group's column; nil if the source was not asked to read it.
    var group: DatabaseValue?

    init(_ position: RowPosition, isMatch: Bool = true, group: DatabaseValue? = nil) {
        self.position = position
        self.isMatch = isMatch
        self.group = group
    }
}

/// Gives candidates in the order of the search. Each call of `next()` reads about one row, so that the caller can
/// limit the cost.
protocol CandidateSource {
    mutating func next() throws -> Candidate?
    /// The position at which the next search continues after `next()` returned nil; nil if no rows are left to
    /// search.
    var continuation: RowPosition? { get }
}

extension CandidateSource {
    var continuation: RowPosition? { nil }
}

/// Gives rows whose positions are already known.
struct PositionList: CandidateSource {
    private var positions: IndexingIterator<[RowPosition]>

    init(_ positions: [RowPosition], _ range: SearchRange) {
        let ahead = positions.filter(range.contains)
        self.positions = ahead.sorted { range.order == .ascending ? $0 < $1 : $0 > $1 }
            .makeIterator()
    }

    mutating func next() -> Candidate? { positions.next().map { Candidate($0) } }
}

/// Reads an index that lists rows in the order of time.
///
/// The statement names the index, so that the plan does not depend on SQLite's statistics. The other terms of the
/// search are in a result column and not in the WHERE clause. So each call of `next()` reads and returns one row,
/// even if the row does not match. The caller can stop at any row, and so limit the number of rows to read.
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
    ///   - lead: The term whose index is read; nil to read the index of all rows by time.
    ///   - group: An SQL expression for the group of a row; nil to read no groups.
    ///   - visible: The rows to which the search is limited; nil for all rows. If `visible` is not nil, `lead` must
    ///     have few rows, because one call of `next()` may skip many invisible rows.
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
