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
        // A client may name any number as the last one: none of these sums may go past the numbers there are.
        var lower = first
        var upper = last
        switch order {
        case .ascending:
            if let after { lower = after < last ? max(first, after + 1) : last + 1 }
            let isLong = lower <= last && last - lower >= Self.window
            if isLong { upper = lower + Self.window - 1 }
            continuation = isLong ? Place(time: 0, seq: upper) : nil
        case .descending:
            if let after { upper = after > first ? min(last, after - 1) : first - 1 }
            let isLong = upper >= first && upper - first >= Self.window
            if isLong { lower = upper - Self.window + 1 }
            continuation = isLong ? Place(time: 0, seq: lower) : nil
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
