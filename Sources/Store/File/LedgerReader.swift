package import Domain
import GRDB

/// A ledger's file, opened for reading only: beside a running server, without its lock, and without
/// bringing an older file up to date. Blocks on the disk.
package final class LedgerReader: Sendable {
    /// Where the file is.
    package let path: String
    let queue: DatabaseQueue

    /// Throws `cannotOpen`, `notALedger` or `newerSchema`.
    package init(path: String) throws(StoreError) {
        self.path = path
        try LedgerFile.checkReadable(path)
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "audit-ledger-reader"
        configuration.busyMode = .timeout(5)
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { try Self.check($0, path: path) }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Throws unless the file is a ledger that this program can read.
    static func check(_ db: Database, path: String) throws {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == Migrations.applicationID, try db.tableExists("audit") else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): an SQLite file, but not an audit ledger. "
                    + StoreError.ledgerName)
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= Migrations.schemaVersion else {
            throw StoreError(
                code: .newerSchema,
                message: "\(path): has schema \(version), written by a later version; "
                    + "this one knows \(Migrations.schemaVersion). Use the later version.")
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// What a segment of rows `from` to `to` says of itself; all rows when nil.
    package func header(
        from: Int64? = nil, to: Int64? = nil, now: Timestamp, version: String
    ) throws(StoreError) -> SegmentHeader {
        try read { try SegmentHeader.make($0, from: from, to: to, now: now, version: version) }
    }

    /// About `limit` rows that etcd decided, of the revisions after `place`; see `LedgerPages.changes`.
    package func changes(
        after place: HistoryPlace, limit: Int = LedgerPages.size
    ) throws(StoreError) -> [AuditRecord] {
        try read { try LedgerPages.changes($0, after: place, limit: limit) }
    }
}
