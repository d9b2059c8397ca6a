import Documents

extension AuditRecord {
    /// The bytes under this row's hash: see `canonicalForm(of:)`.
    package var canonicalForm: [UInt8] { Self.canonicalForm(of: values) }

    /// Returns a row as canonical JSON (RFC 8785): one object whose members are the columns of table `audit`
    /// except `hash`, under the columns' own names.
    ///
    /// Columns that are NULL are left out, so a column added later leaves the hashes of older rows as they
    /// are. Text is a string, an integer a number (`time` in microseconds, `gap` 0 or 1) and `prev_hash` 64
    /// lower-case hex digits. `before`, `after` and `detail` are strings that hold JSON, not JSON in place:
    /// so no text in one column can pass for another column.
    ///
    /// - Parameter values: see `AuditRecord.values`.
    package static func canonicalForm(of values: [AuditValue]) -> [UInt8] {
        var writer = CanonicalObjectWriter()
        for (index, key) in hashedColumns {
            switch values[index] {
            case .null: continue
            case .integer(let number): writer.add(utf8Key: key, number)
            case .text(var text): text.withUTF8 { writer.add(utf8Key: key, utf8: $0) }
            case .hash(let hash):
                var digits = hash.description
                digits.withUTF8 { writer.add(utf8Key: key, utf8: $0) }
            }
        }
        return writer.end()
    }

    /// Returns the canonical form of a row with these parts.
    package static func canonicalForm(
        seq: Int64, entry: Draft, previousHash: AuditHash
    ) -> [UInt8] {
        AuditRecord(seq: seq, entry: entry, previousHash: previousHash, hash: .zero).canonicalForm
    }

    /// `AuditColumn.hashed`, by position among all columns.
    private static let hashedColumns = AuditColumn.hashed.map { column in
        (index: AuditColumn.all.firstIndex { $0 === column } ?? 0, key: column.key)
    }
}
