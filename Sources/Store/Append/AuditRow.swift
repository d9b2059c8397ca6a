import Domain
import Foundation
import GRDB

/// The columns of table `audit`: how a record is written to them and read from them.
enum AuditRow {
    static let columns = """
        seq, time, revision, cluster_id, change_id, origin, actor, client_address, request_id, reason, \
        verb, kind, name, region, outcome, status, detail, gap, before, after, prev_hash, hash, \
        authentication, roles, user_agent, trace_parent, idempotency_key, ticket, key, epoch, cidrs, \
        problem, dry_run, warnings, source_ledger, source_seq, source_hash
        """

    static let insert = """
        INSERT INTO audit (\(columns)) \
        VALUES (\(columns.split(separator: ",").map { _ in "?" }.joined(separator: ", ")))
        """

    /// In the order of `columns`.
    static func arguments(_ record: AuditRecord) -> StatementArguments {
        let entry = record.entry
        let head: [(any DatabaseValueConvertible)?] = [
            record.seq, entry.time.microseconds, entry.revision, entry.clusterID, entry.changeID,
            entry.origin.rawValue, entry.actor, entry.clientAddress, entry.requestID, entry.reason,
            entry.verb.rawValue, entry.kind, entry.name, entry.region, entry.outcome.rawValue,
            entry.status, entry.detail, entry.isAfterGap, entry.before, entry.after,
        ]
        let hashes = [record.previousHash, record.hash].map { Data($0.bytes) }
        let later: [(any DatabaseValueConvertible)?] = [
            entry.authentication, entry.roles, entry.userAgent, entry.traceParent,
            entry.idempotencyKeyHash, entry.ticket, entry.key, entry.epoch, entry.cidrs,
            entry.problem, entry.isDryRun ? 1 : nil, entry.warnings, entry.sourceLedger,
            entry.sourceSeq, entry.sourceHash,
        ]
        return StatementArguments(head + hashes + later)
    }

    /// Throws `StoreError.corrupt` naming the row when a column holds what no version ever wrote.
    static func record(_ row: Row) throws -> AuditRecord {
        let reader = ColumnReader(row: row, label: "audit row \(row[0] as DatabaseValue)")
        var entry = AuditRecord.Draft(
            time: Timestamp(microseconds: try reader.integer(1)),
            origin: try word(reader, 5), actor: try reader.text(6), verb: try word(reader, 10),
            kind: try reader.text(11), name: try reader.text(12),
            region: try reader.optionalText(13), outcome: try word(reader, 14))
        entry.revision = try reader.optionalInteger(2)
        entry.clusterID = try reader.optionalText(3)
        entry.changeID = try reader.optionalText(4)
        entry.clientAddress = try reader.optionalText(7)
        entry.requestID = try reader.optionalText(8)
        entry.reason = try reader.optionalText(9)
        entry.status = try reader.optionalInteger(15).map { Int(truncatingIfNeeded: $0) }
        entry.detail = try reader.optionalText(16)
        entry.isAfterGap = try flag(reader, 17)
        entry.before = try reader.optionalText(18)
        entry.after = try reader.optionalText(19)
        try readLater(reader, into: &entry)
        return AuditRecord(
            seq: try reader.integer(0), entry: entry, previousHash: try hash(reader, 20),
            hash: try hash(reader, 21))
    }

    /// The columns of schema 2, which are NULL in older rows.
    private static func readLater(
        _ reader: ColumnReader, into entry: inout AuditRecord.Draft
    ) throws {
        entry.authentication = try reader.optionalText(22)
        entry.roles = try reader.optionalText(23)
        entry.userAgent = try reader.optionalText(24)
        entry.traceParent = try reader.optionalText(25)
        entry.idempotencyKeyHash = try reader.optionalText(26)
        entry.ticket = try reader.optionalText(27)
        entry.key = try reader.optionalText(28)
        entry.epoch = try reader.optionalInteger(29)
        entry.cidrs = try reader.optionalText(30)
        entry.problem = try reader.optionalText(31)
        switch try reader.optionalInteger(32) {
        case nil: entry.isDryRun = false
        case 1: entry.isDryRun = true
        default: throw reader.unreadable(32)
        }
        entry.warnings = try reader.optionalText(33)
        entry.sourceLedger = try reader.optionalText(34)
        entry.sourceSeq = try reader.optionalInteger(35)
        entry.sourceHash = try reader.optionalText(36)
    }

    private static func word<Word: RawRepresentable<String>>(
        _ reader: ColumnReader, _ index: Int
    ) throws -> Word {
        guard let word = Word(rawValue: try reader.text(index)) else {
            throw reader.unreadable(index)
        }
        return word
    }

    private static func flag(_ reader: ColumnReader, _ index: Int) throws -> Bool {
        switch try reader.integer(index) {
        case 0: false
        case 1: true
        default: throw reader.unreadable(index)
        }
    }

    private static func hash(_ reader: ColumnReader, _ index: Int) throws -> AuditHash {
        guard let hash = AuditHash(try reader.blob(index)) else { throw reader.unreadable(index) }
        return hash
    }
}
