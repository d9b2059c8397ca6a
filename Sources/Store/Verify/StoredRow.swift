import Documents
import Domain
import GRDB
import GRDBSQLite

/// A row of table `audit`, hashed from its bytes in the file. The bytes are hashed without being decoded to strings,
/// because decoding replaces invalid UTF-8, and so could hide a change. Hashing without decoding is also fast: a
/// million rows take only seconds.
struct StoredRow {
    /// The running statement `sql`. Its cursor is at the row.
    private let statement: OpaquePointer

    /// The columns in the order of the canonical form, with `hash` last.
    private static let columns = AuditColumn.hashed.map(\.name) + ["hash"]
    private static let keys = AuditColumn.hashed.map(\.key)
    private static let hashIndex = Int32(columns.count - 1)
    private static let previousHashIndex = index("prev_hash")
    private static let seqIndex = index("seq")
    private static let timeIndex = index("time")
    private static let cidrsIndex = index("cidrs")
    private static let kindIndex = index("kind")
    private static let originIndex = index("origin")
    private static let afterIndex = index("after")
    private static let nameIndex = index("name")
    private static let detailIndex = index("detail")
    private static let sourceLedgerIndex = index("source_ledger")

    /// Selects a range of rows in ascending order. The arguments are the number of the first row, and the number of
    /// the last row plus 1.
    static let sql = """
        SELECT \(columns.joined(separator: ", ")) FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq
        """

    init(_ statement: Statement) { self.statement = statement.sqliteStatement }

    var seq: Int64 { sqlite3_column_int64(statement, Self.seqIndex) }
    var time: Int64 { sqlite3_column_int64(statement, Self.timeIndex) }
    /// The hash of the row. `hash` and `previousHash` are each nil if their column does not hold 32 bytes.
    var hash: AuditHash? { hash(at: Self.hashIndex) }
    var previousHash: AuditHash? { hash(at: Self.previousHashIndex) }
    var cidrs: String? { text(at: Self.cidrsIndex) }

    /// The object after the change if the row names a signing key of this ledger; otherwise nil.
    var signingKeyDocument: String? {
        guard isText("system", at: Self.originIndex), isText("SigningKey", at: Self.kindIndex),
            sqlite3_column_type(statement, Self.sourceLedgerIndex) == SQLITE_NULL
        else { return nil }
        return text(at: Self.afterIndex)
    }

    /// The detail if the row says that this ledger replaced an older ledger; otherwise nil.
    var predecessorDetail: String? {
        guard isText("system", at: Self.originIndex), isText("Ledger", at: Self.kindIndex),
            isText("predecessor", at: Self.nameIndex),
            sqlite3_column_type(statement, Self.sourceLedgerIndex) == SQLITE_NULL
        else { return nil }
        return text(at: Self.detailIndex)
    }

    /// Returns the SHA-256 of the canonical form; nil if a column holds a type of value that no version of this
    /// program wrote. The caller passes `writer` so that its memory is reused for the next row.
    func contentHash(_ writer: inout CanonicalObjectWriter) -> AuditHash? {
        writer.begin()
        for (index, key) in Self.keys.enumerated() {
            let column = Int32(index)
            switch sqlite3_column_type(statement, column) {
            case SQLITE_NULL: continue
            case SQLITE_INTEGER:
                writer.add(utf8Key: key, sqlite3_column_int64(statement, column))
            case SQLITE_TEXT: writer.add(utf8Key: key, utf8: bytes(at: column))
            case SQLITE_BLOB where column == Self.previousHashIndex:
                guard let hash = hash(at: column) else { return nil }
                let digits = Array(hash.description.utf8)
                digits.withUnsafeBufferPointer { writer.add(utf8Key: key, utf8: $0) }
            default: return nil
            }
            // Rejects a previous hash that is not a blob, because a string of 64 digits would have the same canonical
            // form.
            if column == Self.previousHashIndex,
                sqlite3_column_type(statement, column) != SQLITE_BLOB
            {
                return nil
            }
        }
        return writer.end { AuditHash.hash($0) }
    }

    private func hash(at index: Int32) -> AuditHash? {
        guard sqlite3_column_type(statement, index) == SQLITE_BLOB else { return nil }
        return AuditHash(bytes(at: index))
    }

    private func text(at index: Int32) -> String? {
        guard sqlite3_column_type(statement, index) == SQLITE_TEXT else { return nil }
        return String(decoding: bytes(at: index), as: UTF8.self)
    }

    private func isText(_ text: StaticString, at index: Int32) -> Bool {
        bytes(at: index).elementsEqual(
            UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Returns the bytes of text or of a blob, which are valid until the statement takes its next step.
    private func bytes(at index: Int32) -> UnsafeBufferPointer<UInt8> {
        // `sqlite3_column_blob` returns the bytes of a blob or of text. `sqlite3_column_bytes` must be called after
        // `sqlite3_column_blob`.
        let start = sqlite3_column_blob(statement, index)
        let count = Int(sqlite3_column_bytes(statement, index))
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: count)
    }

    private static func index(_ column: String) -> Int32 {
        Int32(columns.firstIndex(of: column) ?? columns.count - 1)
    }
}
