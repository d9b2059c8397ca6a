import Foundation
import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension LedgerReader {
    /// Copies the ledger to a new file `path` with mode 0600, through SQLite's online backup
    /// (https://www.sqlite.org/backup.html). A server can write to the ledger meanwhile. The copy gets the name `path`
    /// only after the copy was checked and written to disk. Returns the number of the copy's last row; 0 if the copy
    /// has no rows.
    package func backup(to path: String) throws(StoreError) -> Int64 {
        let temporary = NewFile.temporary(path)
        let descriptor = try NewFile.create(temporary, for: path)
        defer { close(descriptor) }
        do {
            let last = try copy(to: temporary)
            // Writes the copy to disk. fsync writes the whole file, including the bytes that SQLite wrote through
            // another descriptor.
            guard fsync(descriptor) == 0 else {
                throw StoreError(code: .io, path: path, errno: errno)
            }
            try NewFile.publish(temporary, as: path)
            return last
        } catch {
            unlink(temporary)
            throw StoreError(error, path: path)
        }
    }

    private func copy(to temporary: String) throws -> Int64 {
        var configuration = Configuration()
        configuration.journalMode = .default
        let copy = try DatabaseQueue(path: temporary, configuration: configuration)
        defer { try? copy.close() }
        // Copies in one step, because a copy in several steps starts again after each write by the server.
        try queue.backup(to: copy)
        return try copy.writeWithoutTransaction { db in
            // Makes the copy a single file without a write-ahead log.
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            if let finding = try LedgerDatabase.finding(db) {
                throw StoreError(
                    code: .corrupt, message: "\(self.path): damaged (\(finding)); not backed up.")
            }
            try Self.check(db, path: temporary)
            return try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
        }
    }
}
