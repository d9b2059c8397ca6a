import Documents

extension AuditRecord {
    /// The bytes that are hashed for this row. See `canonicalForm(of:)`.
    package var canonicalForm: [UInt8] { Self.canonicalForm(of: values) }

    /// Returns a row as canonical JSON (RFC 8785). The JSON is one object. The object has a member for each column of
    /// table `audit` except `hash`, with the column's name as the key.
    ///
    /// NULL columns are left out, so a new column does not change the hashes of older rows. A text column becomes a
    /// JSON string. An integer column becomes a JSON number (`time` in microseconds, `gap` 0 or 1). `prev_hash`
    /// becomes a string of 64 lower-case hex digits. `before`, `after` and `detail` are strings that contain JSON, not
    /// JSON objects. So a member of such JSON cannot be mistaken for a column.
    ///
    /// - Parameter values: the values of all columns, in the order of `AuditColumn.all`.
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

    /// The index in `AuditColumn.all` and the key of each column of `AuditColumn.hashed`.
    private static let hashedColumns = AuditColumn.hashed.map { column in
        (index: AuditColumn.all.firstIndex { $0 === column } ?? 0, key: column.key)
    }
}
