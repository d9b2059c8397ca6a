import Domain
import GRDB

/// Rows with certain words in them, in the order of their numbers.
struct TextScan: CandidateSource {
    /// How many numbers one search passes over: it bounds what reading a common word costs.
    static let window: Int64 = 1_000_000

    private let rows: RowCursor
    let continuation: Place?

    /// - Parameter after: The number that was given last; nil at the start.
    init(_ db: Database, _ text: AuditText, order: AuditOrder, after: Int64?) throws {
        let first = try Int64.fetchOne(db.cachedStatement(sql: Self.firstSQL)) ?? 1
        let last = try TextIndex.progress(in: db)
        let lower: Int64
        let upper: Int64
        switch order {
        case .ascending:
            lower = max(first, (after ?? 0).addingReportingOverflow(1).partialValue)
            upper = min(last, lower &+ Self.window - 1)
            continuation = upper < last && lower <= upper ? Place(time: 0, seq: upper) : nil
        case .descending:
            upper = min(last, (after ?? .max) - 1)
            lower = max(first, upper - Self.window + 1)
            continuation = lower > first && lower <= upper ? Place(time: 0, seq: lower) : nil
        }
        rows = try Row.fetchCursor(
            db.cachedStatement(sql: Self.sql(order)),
            arguments: [Self.expression(text), lower, upper])
    }

    func next() throws -> Candidate? {
        guard let row = try rows.next() else { return nil }
        let seq = try ColumnReader(row: row, label: "audit_text").integer(0)
        return Candidate(Place(time: 0, seq: seq))
    }

    static let firstSQL = "SELECT min(seq) FROM audit"

    static func sql(_ order: AuditOrder) -> String {
        """
        SELECT rowid FROM audit_text WHERE audit_text MATCH ? AND rowid BETWEEN ? AND ? \
        ORDER BY rowid \(order == .ascending ? "ASC" : "DESC")
        """
    }

    /// As FTS5 writes it: quoted phrases, so that nothing in them has a meaning
    /// (https://www.sqlite.org/fts5.html section 3).
    static func expression(_ text: AuditText) -> String {
        text.terms.map { term in
            "\"" + term.words.joined(separator: " ").withoutNUL + "\"" + (term.isPrefix ? " *" : "")
        }.joined(separator: " AND ")
    }
}
