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
    /// Copies the ledger as it stands now to a new file `path` of mode 0600, through SQLite's online
    /// backup (https://www.sqlite.org/backup.html), while the server goes on writing. The copy gets its
    /// name when it is checked and on disk. Returns the number of its last row, 0 for none.
    package func backup(to path: String) throws(StoreError) -> Int64 {
        let temporary = NewFile.temporary(path)
        let descriptor = try NewFile.create(temporary, for: path)
        defer { close(descriptor) }
        do {
            let last = try copy(to: temporary)
            // SQLite wrote through another descriptor, but fsync applies to the file.
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
        // In one step: a copy in several starts over whenever the server has written.
        try queue.backup(to: copy)
        return try copy.writeWithoutTransaction { db in
            // One file, without a write-ahead log beside it.
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
