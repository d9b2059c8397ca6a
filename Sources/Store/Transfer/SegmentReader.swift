package import Domain

/// Reads a segment from the file it is in, and checks what it reads: each row's hash from its content,
/// that it names the hash before it, and that no number is missing.
package final class SegmentReader {
    package let path: String
    package let header: SegmentHeader
    private let lines: LineReader
    private var seq: Int64
    private var hash: AuditHash

    /// Throws `cannotOpen`, or `badSegment` when the first line is no header of one.
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

    /// The next row; nil after the last that the header names. Throws `badSegment` naming the first row
    /// that is not what the ledger wrote.
    package func next() throws(StoreError) -> AuditRecord? {
        guard let line = try lines.next() else {
            guard seq == header.lastSeq else { throw bad("it is missing, the file ends before it") }
            return nil
        }
        guard seq < header.lastSeq else { throw bad("there is more than its header says") }
        guard let record = SegmentRow.record(line) else {
            throw bad("its hash is not that of its content")
        }
        guard record.seq == seq + 1 else { throw bad("row \(record.seq) is in its place") }
        guard record.previousHash == hash else { throw bad("it does not name the hash before it") }
        (seq, hash) = (record.seq, record.hash)
        return record
    }

    private func bad(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): row \(seq + 1): \(reason).")
    }
}

extension SegmentReader {
    /// Reads the whole segment; throws as `next` does. Returns the hash of its last row.
    @discardableResult
    package static func verify(path: String) throws(StoreError) -> (SegmentHeader, AuditHash) {
        let reader = try SegmentReader(path: path)
        while try reader.next() != nil {}
        return (reader.header, reader.hash)
    }
}
