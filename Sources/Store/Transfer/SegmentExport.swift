package import Domain

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension LedgerReader {
    /// Writes rows `from` to `to` as a segment to the file `path`, or to standard output if `path` is nil. If `from`
    /// is nil, the segment begins at the first row. If `to` is nil, the segment ends at the last row. Compresses with
    /// gzip if `path` ends in `.gz`. Returns the header of the segment.
    package func export(
        from: Int64? = nil, to: Int64? = nil, path: String?, now: Timestamp, version: String
    ) throws(StoreError) -> SegmentHeader {
        let header = try header(from: from, to: to, now: now, version: version)
        guard let path else {
            // Gives the writer a duplicate of the descriptor, because the writer closes its descriptor, and standard
            // output must stay open.
            let writer = try LineWriter(
                descriptor: dup(1), path: "standard output", compressed: false)
            try write(header) { line throws(StoreError) in try writer.write(line) }
            try writer.finish()
            return header
        }
        let file = try SegmentFile(path: path)
        do throws(StoreError) {
            try write(header) { line throws(StoreError) in try file.write(line) }
        } catch {
            file.abandon()
            throw error
        }
        try file.finish()
        return header
    }

    private func write(
        _ header: SegmentHeader, to line: ([UInt8]) throws(StoreError) -> Void
    ) throws(StoreError) {
        try line(header.line)
        var seq = header.firstSeq - 1
        while seq < header.lastSeq {
            let start = seq
            let rows = try read {
                try LedgerPages.rows($0, after: start, through: header.lastSeq)
            }
            for row in rows {
                guard row.seq == seq + 1 else { break }
                try line(SegmentRow.line(row))
                seq = row.seq
            }
            guard seq == rows.last?.seq else {
                throw StoreError(
                    code: .badSegment,
                    message:
                        "\(self.path): row \(seq + 1) is missing; it may have been pruned during the export."
                )
            }
        }
    }
}

extension AuditLedger {
    /// Returns the header of a segment of rows `from` to `to`. If `from` is nil, the segment begins at the first row.
    /// If `to` is nil, the segment ends at the last row. Throws `badSegment` if the ledger lacks some of the rows.
    package func segmentHeader(
        from: Int64? = nil, to: Int64? = nil, now: Timestamp, version: String
    ) async throws -> SegmentHeader {
        try await reading { db in
            try SegmentHeader.make(db, from: from, to: to, now: now, version: version)
        }
    }

    /// Returns a page of the rows with numbers from `seq` + 1 to `last`; see `LedgerPages.rows`.
    package func segmentRows(after seq: Int64, through last: Int64) async throws -> [AuditRecord] {
        try await reading { try LedgerPages.rows($0, after: seq, through: last) }
    }

    /// Returns about `limit` rows of changes in etcd, from the revisions after `position`; see `LedgerPages.changes`.
    package func changes(
        after position: HistoryPosition, limit: Int = LedgerPages.size
    ) async throws -> [AuditRecord] {
        try await reading { try LedgerPages.changes($0, after: position, limit: limit) }
    }
}
