import Domain
import Foundation
import GRDB

/// Writes records to table `audit` and reads them back. `AuditColumn.all` lists the columns.
enum AuditRow {
    /// The column names, separated by commas, for SQL statements.
    static let columns = AuditColumn.all.map(\.name).joined(separator: ", ")

    static let insert = """
        INSERT INTO audit (\(columns)) \
        VALUES (\(AuditColumn.all.map { _ in "?" }.joined(separator: ", ")))
        """

    /// Reads a row of `columns`. Throws `StoreError.corrupt` with the number of the row if a column holds a
    /// value that no version of this program writes.
    static func record(_ row: Row) throws -> AuditRecord {
        let reader = ColumnReader(row: row, label: "audit row \(row[0] as DatabaseValue)")
        return try AuditRecord { index, _ throws(StoreError) in
            guard let value = AuditValue(row[index] as DatabaseValue) else {
                throw reader.unreadable(index)
            }
            return value
        } refuse: { index, _ in
            reader.unreadable(index)
        }
    }
}

/// A row that is ready to be inserted. Its strings contain no NUL characters, and its hash has been computed.
struct NewRow {
    let record: AuditRecord
    /// True if `record` differs from the draft, because a text had a NUL character.
    let isCleaned: Bool
    /// The values in the order of `AuditRow.columns`.
    let arguments: StatementArguments

    init(seq: Int64, entry: AuditRecord.Draft, previousHash: AuditHash) {
        var record = AuditRecord(
            seq: seq, entry: entry, previousHash: previousHash, hash: .zero)
        var values = record.values
        var isCleaned = false
        // Cleans the texts before the hash is computed, because verification computes the hash from the stored
        // texts.
        for (index, column) in AuditColumn.all.enumerated() {
            guard case .text(let text) = values[index], text.hasNUL else { continue }
            values[index] = .text(text.withoutNUL)
            _ = column.put(values[index], into: &record)
            isCleaned = true
        }
        self.isCleaned = isCleaned
        let hash = AuditHash.ofCanonicalForm(AuditRecord.canonicalForm(of: values))
        self.record = AuditRecord(
            seq: seq, entry: record.entry, previousHash: previousHash, hash: hash)
        values[Self.hashIndex] = .hash(hash)
        // Converts the values to GRDB's `DatabaseValue`, because GRDB allocates memory for each value of any other
        // type.
        arguments = StatementArguments(values.map(\.databaseValue))
    }

    private static let hashIndex = AuditColumn.all.firstIndex { $0.name == "hash" } ?? 0
}

extension AuditValue {
    /// Nil if `value` has a type that no column of table `audit` holds.
    fileprivate init?(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .string(let text): self = .text(text)
        case .blob(let bytes):
            guard let hash = AuditHash(bytes) else { return nil }
            self = .hash(hash)
        case .double: return nil
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .hash(let hash): Data(hash.bytes).databaseValue
        }
    }
}

extension String {
    /// The string with each U+0000 replaced by U+2400.
    ///
    /// NUL is replaced because SQLite ends a string at the first NUL. Another writer of etcd may put a NUL into a key.
    package var withoutNUL: String {
        guard hasNUL else { return self }
        var clean = ""
        for scalar in unicodeScalars {
            clean.unicodeScalars.append(scalar == "\0" ? "\u{2400}" : scalar)
        }
        return clean
    }

    fileprivate var hasNUL: Bool {
        utf8.withContiguousStorageIfAvailable { $0.contains(0) } ?? utf8.contains(0)
    }
}
