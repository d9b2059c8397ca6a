import Documents
package import Domain

/// Reads a segment from a file and verifies it. Each row must have the hash of its content and the hash of the row
/// before it. No row number may be missing.
package final class SegmentReader {
    package let path: String
    package let header: SegmentHeader
    private let lines: LineReader
    private var seq: Int64
    private var hash: AuditHash

    /// Throws `cannotOpen`, or `badSegment` if the first line is not the header of a segment.
    package init(path: String) throws(StoreError) {
        self.path = path
        lines = try LineReader(path: path)
        guard let header = try lines.next().flatMap(SegmentHeader.init(line:)),
            header.order == .seq
        else {
            throw StoreError(
                code: .badSegment, message: "\(path): not an audit ledger's segment.")
        }
        self.header = header
        seq = header.firstSeq - 1
        hash = header.previousHash
    }

    /// Returns the next row; nil after the last row in the header. Throws `badSegment` if the row is not as the
    /// ledger wrote it, or if rows are missing. The message names the row.
    package func next() throws(StoreError) -> AuditRecord? {
        guard let line = try lines.next() else {
            guard seq == header.lastSeq else { throw bad("the file ends before this row") }
            return nil
        }
        guard seq < header.lastSeq else { throw bad("the file has more rows than its header says") }
        guard let record = SegmentRow.record(line) else {
            throw bad("its hash does not match its content")
        }
        guard record.seq == seq + 1 else { throw bad("found row \(record.seq) instead") }
        guard record.previousHash == hash else {
            throw bad("its previous hash is not the hash of the row before")
        }
        (seq, hash) = (record.seq, record.hash)
        return record
    }

    private func bad(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): row \(seq + 1): \(reason).")
    }
}

extension SegmentReader {
    /// Reads the whole segment. Throws the same errors as `next`. Returns the header and the hash of the last
    /// row.
    @discardableResult
    package static func verify(path: String) throws(StoreError) -> (SegmentHeader, AuditHash) {
        let reader = try SegmentReader(path: path)
        while try reader.next() != nil {}
        return (reader.header, reader.hash)
    }
}

/// Converts a row to a line of a segment and back. The line is a JSON object with the members of the row's
/// canonical form, and with `hash`.
package enum SegmentRow {
    /// Returns the line for `record`, without the line feed.
    package static func line(_ record: AuditRecord) -> [UInt8] {
        var line = record.canonicalForm
        // Replaces the closing brace of the canonical form by member `hash` and a brace.
        line.removeLast()
        line += Array(#","hash":"\#(record.hash)"}"#.utf8)
        return line
    }

    /// Returns the row in `line`. Returns nil if `line` is not in the form of `line(_:)`, or if the row has a wrong
    /// hash.
    package static func record(_ line: [UInt8]) -> AuditRecord? {
        guard let members = (try? JSONParser.parse(line))?.objectValue,
            let record = record(members), record.hash == .ofCanonicalForm(record.canonicalForm)
        else { return nil }
        return record
    }

    private struct NoRow: Error {}

    /// Returns the row with these members; nil if a member has a wrong type, belongs to no column, or is missing.
    private static func record(_ members: JSONObject) -> AuditRecord? {
        var known = 0
        let record = try? AuditRecord { _, column throws(NoRow) in
            guard let member = members[column.name] else { return .null }
            known += 1
            guard let value = value(member, column) else { throw NoRow() }
            return value
        } refuse: { _, _ in
            NoRow()
        }
        return known == members.count ? record : nil
    }

    private static func value(_ member: JSONValue, _ column: AuditColumn) -> AuditValue? {
        switch column.type {
        case .text: member.stringValue.map(AuditValue.text)
        case .integer: member.integer.map(AuditValue.integer)
        case .blob: member.stringValue.flatMap(AuditHash.init(hex:)).map(AuditValue.hash)
        }
    }
}
