import Documents
package import Domain
import Foundation
import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Rows that were moved from the ledger to a sealed segment.
package struct PrunedRows: Hashable, Sendable {
    package var rows: ClosedRange<Int64>
    /// The path of the segment's file.
    package var path: String
    /// The SHA-256 of the file, 64 lower-case hex digits.
    package var sha256: String
    /// The duration of the transaction, during which writes had to wait.
    package var held: Duration
}

extension AuditLedger {
    /// Writes the oldest rows, all from before `cutoff`, to a sealed segment in `directory`. Then verifies the
    /// segment on disk, and removes the rows from the ledger. Prunes a multiple of 256 rows, at most 1,024, and
    /// never the last row of the ledger or a held row. Returns nil if no rows can be pruned.
    package func prune(
        before cutoff: Timestamp, into directory: String, now: Timestamp, version: String
    ) async throws -> PrunedRows? {
        let range = try await reading { db in
            try Retention(db).next(before: cutoff.microseconds, in: db)
        }
        guard let range else { return nil }
        let header = try await segmentHeader(
            from: range.lowerBound, to: range.upperBound, now: now, version: version)
        let file = "audit-\(header.ledger)-\(range.lowerBound)-\(range.upperBound).ndjson.gz"
        let path = directory + "/" + file
        try LedgerFile.createDirectory(of: path)
        try LedgerFile.checkDirectory(of: path)
        let (lastHash, sha256) = try await BlockingWork.run {
            // The segment already exists if an earlier server process ended after it had written the segment and
            // before it removed the rows.
            if access(path, F_OK) != 0 { try self.write(header, to: path) }
            return (try self.verify(path, header), try NewFile.sha256(path))
        }
        let held = try await transaction { writer, db -> Duration? in
            let start = ContinuousClock.now
            // Stops if a hold was placed meanwhile. The rows then stay in the ledger, and the segment stays on disk.
            guard let due = try Retention(db).next(before: cutoff.microseconds, in: db),
                due.lowerBound == range.lowerBound, due.upperBound >= range.upperBound
            else { return nil }
            let hashes = try PrunedHashes(range, db)
            // Compares only the last hash in the ledger with the last hash in the segment. The rows form a hash chain,
            // so if these two hashes are equal, then all rows are equal.
            guard hashes.last == lastHash else {
                throw StoreError(
                    code: .badSegment,
                    message: "\(path): does not match the ledger's rows; move it away.")
            }
            try Pruning(rows: range, db: db).carryOut()
            try writer.append([hashes.row(range, file, sha256, now)], to: db)
            return start.duration(to: .now)
        }
        return held.map { PrunedRows(rows: range, path: path, sha256: sha256, held: $0) }
    }

    private func write(_ header: SegmentHeader, to path: String) throws {
        let file = try SegmentFile(path: path)
        do {
            try file.write(header.line)
            var seq = header.firstSeq - 1
            while seq < header.lastSeq {
                let start = seq
                let rows = try readingNow {
                    try LedgerPages.rows($0, after: start, through: header.lastSeq)
                }
                guard let last = rows.last?.seq else { break }
                for row in rows { try file.write(SegmentRow.line(row)) }
                seq = last
            }
        } catch {
            file.abandon()
            throw error
        }
        try file.finish()
    }

    /// Reads and verifies the segment at `path`, and compares its header with `header`. Returns the hash of the
    /// segment's last row.
    private func verify(_ path: String, _ header: SegmentHeader) throws -> AuditHash {
        let (stored, hash) = try SegmentReader.verify(path: path)
        guard stored.ledger == header.ledger, stored.firstSeq == header.firstSeq,
            stored.lastSeq == header.lastSeq, stored.previousHash == header.previousHash
        else {
            throw StoreError(
                code: .badSegment, message: "\(path): does not contain the rows that its name says."
            )
        }
        return hash
    }
}

/// The hashes of the first and the last row of a range that is about to be pruned.
private struct PrunedHashes {
    let first: AuditHash?
    let last: AuditHash?

    init(_ rows: ClosedRange<Int64>, _ db: Database) throws {
        func hash(_ seq: Int64) throws -> AuditHash? {
            try Data.fetchOne(db, sql: "SELECT hash FROM audit WHERE seq = ?", arguments: [seq])
                .flatMap(AuditHash.init)
        }
        (first, last) = (try hash(rows.lowerBound), try hash(rows.upperBound))
    }

    func row(
        _ rows: ClosedRange<Int64>, _ file: String, _ sha256: String, _ now: Timestamp
    ) -> AuditRecord.Draft {
        .own(
            .delete, .ledger, "pruned",
            detail: [
                "from": .number(JSONNumber(rows.lowerBound)),
                "to": .number(JSONNumber(rows.upperBound)), "file": .string(file),
                "sha256": .string(sha256), "firstHash": .string(first?.description ?? ""),
                "lastHash": .string(last?.description ?? ""),
            ], at: now)
    }
}
