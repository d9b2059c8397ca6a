package import Domain
package import GRDB

/// The index of texts, which finds rows by their words. The index is the FTS5 table `audit_text`. This table stores
/// only the words. The texts are in table `audit`.
///
/// The index contains every row up to the number in table `text_progress`.
package enum TextIndex {
    /// Step 4 of the schema. `AuditWords` lists the punctuation marks that belong to words. `columnsize = 0` leaves
    /// out the sizes of columns. FTS5 would use the sizes only to rank results, but a search sorts its results by row
    /// number.
    static let schema = """
        CREATE VIRTUAL TABLE audit_text USING fts5 (
            \(AuditWords.columnNames.joined(separator: ", ")), content = '', columnsize = 0,
            tokenize = "unicode61 tokenchars '-_./:'"
        );
        CREATE TABLE text_progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            seq INTEGER NOT NULL
        ) STRICT;
        INSERT INTO text_progress VALUES (1, 0);
        """

    /// The words of consecutive rows.
    struct Batch: Sendable {
        struct Entry: Sendable {
            let seq: Int64
            let columns: [String]

            /// Takes no words from a damaged row. Other checks find the damage.
            init(_ row: Row) throws {
                seq = try ColumnReader(row: row, label: "audit").integer(0)
                let record = try? AuditRow.record(row)
                columns = record.map(TextIndex.columns) ?? AuditWords.columnNames.map { _ in "" }
            }
        }

        /// The number of the last row in the index before the batch is added.
        let after: Int64
        let rows: [Entry]

        init(after: Int64, _ rows: [Entry]) {
            self.after = after
            self.rows = rows
        }
    }

    /// SQLite's extended result code for a damaged FTS5 index. The code does not mean that the rows of the ledger
    /// are damaged.
    static let damage = ResultCode.SQLITE_CORRUPT_VTAB.rawValue

    /// Returns the number of the last row in the index.
    static func progress(in db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT seq FROM text_progress")
        return try Int64.fetchOne(statement) ?? 0
    }

    /// Adds `batch`. Does nothing if a different batch was added since the words of `batch` were read.
    static func add(_ batch: Batch, in db: Database) throws {
        guard let last = batch.rows.last, try progress(in: db) == batch.after else { return }
        try sparingLedger(db) {
            let statement = try db.cachedStatement(sql: insertSQL)
            for row in batch.rows {
                try statement.execute(arguments: StatementArguments([row.seq] + row.columns))
            }
            try moveTo(last.seq, in: db)
        }
    }

    /// Removes the words of `record`, which is about to be deleted from the ledger.
    package static func remove(_ record: AuditRecord, in db: Database) throws {
        guard record.seq <= (try progress(in: db)) else { return }
        try sparingLedger(db) {
            // Gives FTS5 the words to delete, because the index has no copy of the text.
            let statement = try db.cachedStatement(sql: removeSQL)
            try statement.execute(
                arguments: StatementArguments(["delete", record.seq] + columns(record)))
        }
    }

    /// Empties the index. `AuditLedger.keepTexts` then fills the index again in the background. If the index is too
    /// damaged to be emptied, it stays unchanged, and no error is thrown.
    static func empty(in db: Database) throws {
        do {
            try db.inSavepoint {
                try db.execute(sql: "INSERT INTO audit_text (audit_text) VALUES ('delete-all')")
                try moveTo(0, in: db)
                return .commit
            }
        } catch let error as DatabaseError where error.extendedResultCode.rawValue == damage {}
    }

    /// Runs `body` in a savepoint, and empties the index if `body` fails because the index is damaged. So a damaged
    /// index does not prevent writes of rows. The index is then built again from the rows.
    ///
    /// FTS5 writes its changes at the end of a savepoint. So errors of FTS5 appear in this function, and not later
    /// when the transaction is committed.
    private static func sparingLedger(_ db: Database, _ body: () throws -> Void) throws {
        do {
            try db.inSavepoint {
                try body()
                return .commit
            }
        } catch let error as DatabaseError where error.extendedResultCode.rawValue == damage {
            try empty(in: db)
        }
    }

    private static func moveTo(_ seq: Int64, in db: Database) throws {
        let statement = try db.cachedStatement(sql: "UPDATE text_progress SET seq = ?")
        try statement.execute(arguments: [seq])
    }

    private static func columns(_ record: AuditRecord) -> [String] {
        AuditWords.columns(of: record).map { $0.joined(separator: " ").withoutNUL }
    }

    private static let names = AuditWords.columnNames.joined(separator: ", ")
    private static let places = AuditWords.columnNames.map { _ in "?" }.joined(separator: ", ")
    private static let insertSQL =
        "INSERT INTO audit_text (rowid, \(names)) VALUES (?, \(places))"
    private static let removeSQL =
        "INSERT INTO audit_text (audit_text, rowid, \(names)) VALUES (?, ?, \(places))"
}

/// The rows that contain certain words, in the order of their numbers.
package struct TextScan: CandidateSource {
    /// The number of rows that one search covers. This limits the cost of a search for a common word.
    static let window: Int64 = 1_000_000
    /// The number of rows that a search covers if it is limited to visible rows. The number is lower because SQLite
    /// looks up the regions of each row that contains the words. The number is constant, so it tells the client
    /// nothing about invisible rows.
    static let limitedWindow: Int64 = 100_000

    private let rows: RowCursor
    let continuation: RowPosition?

    /// - Parameters:
    ///   - after: The number of the last row that was returned; nil at the start.
    ///   - visible: The rows to which the search is limited; nil for all rows.
    init(
        _ db: Database, _ text: AuditText, order: AuditOrder, after: Int64?,
        visible: VisibleRows? = nil
    ) throws {
        let window = visible == nil ? Self.window : Self.limitedWindow
        let first = try Int64.fetchOne(db.cachedStatement(sql: Self.firstSQL)) ?? 1
        let last = try TextIndex.progress(in: db)
        // A client may choose any number for `after`, so the code below must not compute a sum that overflows.
        var lower = first
        var upper = last
        switch order {
        case .ascending:
            if let after { lower = after < last ? max(first, after + 1) : last + 1 }
            let isLong = lower <= last && last - lower >= window
            if isLong { upper = lower + window - 1 }
            continuation = isLong ? RowPosition(time: 0, seq: upper) : nil
        case .descending:
            if let after { upper = after > first ? min(last, after - 1) : first - 1 }
            let isLong = upper >= first && upper - first >= window
            if isLong { lower = upper - window + 1 }
            continuation = isLong ? RowPosition(time: 0, seq: lower) : nil
        }
        let values: [SQLValue] = [Self.expression(text), lower, upper]
        rows = try Row.fetchCursor(
            db.cachedStatement(sql: Self.sql(order, isLimited: visible != nil)),
            arguments: StatementArguments(values + (visible.map { [$0.argument] } ?? [])))
    }

    func next() throws -> Candidate? {
        guard let row = try rows.next() else { return nil }
        let seq = try ColumnReader(row: row, label: "audit_text").integer(0)
        return Candidate(RowPosition(time: 0, seq: seq))
    }

    package static let firstSQL = "SELECT min(seq) FROM audit"

    package static func sql(_ order: AuditOrder, isLimited: Bool = false) -> String {
        let limits = isLimited ? "AND \(VisibleRows.condition("audit_text.rowid")) " : ""
        return """
            SELECT rowid FROM audit_text WHERE audit_text MATCH ? AND rowid BETWEEN ? AND ? \
            \(limits)ORDER BY rowid \(order == .ascending ? "ASC" : "DESC")
            """
    }

    /// Returns `text` in FTS5's query syntax: quoted phrases, in which no character has a special meaning
    /// (https://www.sqlite.org/fts5.html section 3).
    static func expression(_ text: AuditText) -> String {
        text.terms.map { term in
            "\"" + term.words.joined(separator: " ").withoutNUL + "\"" + (term.isPrefix ? " *" : "")
        }.joined(separator: " AND ")
    }
}
