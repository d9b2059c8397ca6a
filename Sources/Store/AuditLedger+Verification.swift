import Domain
import GRDB

/// The first place where the ledger is not what was written.
package struct ChainBreak: Hashable, Sendable {
    /// Number of the first row that is missing or altered.
    package let seq: Int64
    /// What is wrong with it.
    package let reason: String
}

extension AuditLedger {
    /// Rows read at a time, so that no long snapshot keeps the write-ahead log from being reused.
    private static let verificationPage = 5000

    /// Recomputes every hash from the first row that was not pruned to the last; nil when all are in order.
    ///
    /// What it cannot see: rows cut off at the end, and a ledger rewritten as a whole.
    package func verifyChain() async throws -> ChainBreak? {
        let retention = try await reading { db in
            let retention = try Retention(db)
            return (retention.prunedThrough, AuditHash(retention.hash) ?? .zero)
        }
        var (seq, hash) = retention
        while true {
            let (start, previous) = (seq, hash)
            let page = try await reading { db in
                try ChainPage(
                    db, after: start, previousHash: previous, limit: Self.verificationPage)
            }
            if let found = page.found { return found }
            guard page.lastSeq > seq else { return nil }
            (seq, hash) = (page.lastSeq, page.lastHash)
        }
    }
}

/// A run of rows, checked.
private struct ChainPage: Sendable {
    private(set) var lastSeq: Int64
    private(set) var lastHash: AuditHash
    private(set) var found: ChainBreak?

    init(_ db: Database, after seq: Int64, previousHash: AuditHash, limit: Int) throws {
        lastSeq = seq
        lastHash = previousHash
        let statement = try db.cachedStatement(
            sql: "SELECT \(AuditRow.columns) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
        let rows = try Row.fetchCursor(statement, arguments: [seq, limit])
        while found == nil, let row = try rows.next() { check(row) }
    }

    private mutating func check(_ row: Row) {
        let expected = lastSeq + 1
        do {
            let record = try AuditRow.record(row)
            if record.seq != expected {
                found = ChainBreak(seq: expected, reason: "the row is missing")
            } else if record.previousHash != lastHash {
                found = ChainBreak(seq: expected, reason: "it does not name the hash before it")
            } else if record.hash != .ofCanonicalForm(record.canonicalForm) {
                found = ChainBreak(seq: expected, reason: "its hash is not that of its content")
            }
            (lastSeq, lastHash) = (record.seq, record.hash)
        } catch {
            found = ChainBreak(seq: expected, reason: "\(error)")
        }
    }
}
