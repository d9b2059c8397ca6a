import GRDB

/// The distinct keys under a prefix that the ledger tells of, in order: one look-up for each key, however
/// many rows it has.
struct KeyScan {
    private let db: Database
    private let end: String
    private var nextRow: String?
    private var nextBaseline: String?
    private var nextStanding: String?

    /// - Parameter after: keys up to this one are passed over; nil for none.
    init(_ db: Database, prefix: String, after: String?) throws {
        self.db = db
        end = Self.end(of: prefix)
        let start = max(prefix, after ?? prefix)
        nextRow = try Self.first(db, Self.rows, after: start, end)
        nextBaseline = try Self.first(db, Self.baseline, after: start, end)
        nextStanding = try Self.first(db, Self.standings, after: start, end)
    }

    mutating func next() throws -> String? {
        guard let key = [nextRow, nextBaseline, nextStanding].compactMap(\.self).min() else {
            return nil
        }
        if nextRow == key { nextRow = try Self.first(db, Self.rows, after: key, end) }
        if nextBaseline == key {
            nextBaseline = try Self.first(db, Self.baseline, after: key, end)
        }
        if nextStanding == key {
            nextStanding = try Self.first(db, Self.standings, after: key, end)
        }
        return key
    }

    static let rows = """
        SELECT key FROM audit INDEXED BY audit_by_key WHERE key > ? AND key < ? ORDER BY key LIMIT 1
        """
    private static let baseline = """
        SELECT key FROM baseline WHERE key > ? AND key < ? ORDER BY key LIMIT 1
        """

    private static let standings = """
        SELECT key FROM standing WHERE key > ? AND key < ? AND value IS NOT NULL ORDER BY key LIMIT 1
        """

    private static func first(
        _ db: Database, _ sql: String, after key: String, _ end: String
    ) throws -> String? {
        try String.fetchOne(try db.cachedStatement(sql: sql), arguments: [key, end])
    }

    /// The least text after everything that begins with `prefix`, which is ASCII.
    private static func end(of prefix: String) -> String {
        guard let last = prefix.unicodeScalars.last, let next = Unicode.Scalar(last.value + 1)
        else { return "\u{10FFFF}" }
        var end = String(prefix.unicodeScalars.dropLast())
        end.unicodeScalars.append(next)
        return end
    }
}
