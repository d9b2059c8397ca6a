package import Domain
package import GRDB
import Synchronization

/// The audit ledger: an append-only, hash-chained SQLite file. It has one row for every change in etcd and for
/// every refusal by this server.
///
/// Only one process at a time can open the file for writing. Writes are committed in groups. Reads run at the same
/// time as writes.
///
/// A class and not an actor, because an actor would run only one read at a time. All stored properties are safe to
/// share between tasks.
package final class AuditLedger: Sendable {
    package struct Options: Sendable {
        /// The number of connections that can read at the same time, at least 1.
        package var maximumReaders = 4
        /// The largest size, in bytes, of a file that is checked when it is opened. The check is SQLite's
        /// `quick_check`, which reads the whole file. The server answers no requests until the check ends. Larger
        /// files are checked later, by `inspect()`.
        package var checkedAtOpening = 64 << 20
        /// The shortest time between two checks of a damaged file.
        package var probePause = Duration.seconds(10)
        /// The rules that determine the regions that a row touches.
        package var rowRegions = RowRegions()

        package init() {}
    }

    /// The path of the file.
    package let path: String
    /// The random name of this ledger, 32 lower-case hex digits. The name stays with the file when the file is
    /// moved.
    package let identity: String
    package let pool: DatabasePool
    private let lock: FileLock
    private let integrity: IntegrityProbe
    /// True if the whole file was checked when it was opened.
    private let isChecked: Bool
    let rowRegions: RowRegions
    /// The rows of table `scope` that searches have read.
    let scopes = ScopeTable()
    let queue: CommitQueue

    /// Opens the ledger's file. Creates a missing file with mode 0600 and a missing directory with mode 0700.
    /// Blocks on the disk.
    ///
    /// Throws `locked`, `cannotOpen`, `notALedger`, `newerSchema`, `corrupt`, or SQLite's error. Each message names
    /// the file and the remedy.
    package init(path given: String, options: Options = Options()) throws(StoreError) {
        try LedgerFile.createDirectory(of: given)
        try LedgerFile.checkDirectory(of: given)
        let path = LedgerFile.resolved(given)
        self.path = path
        rowRegions = options.rowRegions
        integrity = IntegrityProbe(pause: options.probePause)
        // Checks the directory of `path` in addition to the directory of `given`. The two directories differ if
        // `given` has symbolic links, and both must be safe.
        try LedgerFile.checkDirectory(of: path)
        // The lock is taken before SQLite opens the file, so that no other process can migrate or write the file at
        // the same time.
        lock = try FileLock(path: path + ".lock")
        isChecked = LedgerFile.size(path) <= options.checkedAtOpening
        pool = try LedgerDatabase.open(path, checksIntegrity: isChecked, options: options)
        do {
            identity = try pool.read(LedgerIdentity.fetch)
            queue = try CommitQueue(
                pool: pool, guardian: FileGuard(path: path), regions: options.rowRegions)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Checks a file that was too large to be checked at opening. Other work continues meanwhile. Returns the damage,
    /// and makes `health` report the damage. Returns nil if the file is sound, or was checked at opening.
    package func inspect() async -> StoreError? {
        guard !isChecked, let damage = await IntegrityProbe.damage(of: path) else { return nil }
        queue.markDamaged(damage)
        return damage
    }

    package var health: LedgerHealth { queue.health }
    /// The same as `health`, but a deletion of the file may be noticed 10 ms late. It costs less, because it reads the
    /// folder less often.
    package var recentHealth: LedgerHealth { queue.recentHealth }

    /// The hash of the last row on disk; `zero` if the ledger is empty.
    package var lastHash: AuditHash { queue.lastHash }

    /// The number of the last row on disk; 0 if the ledger is empty.
    package var lastSeq: Int64 { queue.lastSeq }

    /// Returns a stream that gives an element after rows were written, and the signal that wakes the stream. One element
    /// may stand for several writes. The stream ends when `close()` is called.
    package func commits() -> (wakes: AsyncStream<Void>, signal: Signal) { queue.commits() }

    /// Tests whether the file can be written, and returns the health.
    ///
    /// A small write can succeed in a damaged file. So if SQLite has found damage, checks the whole file first. If the
    /// check finds damage, or if it is too early for another check (see `IntegrityProbe`), returns the health without
    /// testing.
    @discardableResult
    package func probe() async -> LedgerHealth {
        if queue.isSuspect {
            guard await integrity.check(path) else { return health }
            // Drops the cached pages, because they may still have the damaged content.
            pool.releaseMemory()
            queue.clearDamage()
        }
        try? await queue.submit(.probe)
        return health
    }

    /// Sets the etcd cluster to follow, and the revision from which to follow the cluster. The server calls this
    /// function at its first start, and after the cluster was replaced or restored. Existing rows and objects are
    /// kept.
    ///
    /// - Parameter emptySince: A time at which the cluster held no audited keys. A new ledger then knows the
    ///   state from this time on, and not only from the first change.
    package func follow(
        _ progress: Progress, emptySince: Timestamp? = nil
    ) async throws(StoreError) {
        try await queue.submit(.follow(progress, emptySince: emptySince))
    }

    /// Continues after a gap in etcd's history, or after etcd was replaced or restored. Sets the progress to
    /// `progress`, as `follow` does, and then writes `projection`, the result of comparing etcd with the ledger. Does
    /// both in one transaction, because a crash between two transactions would leave an epoch without a row that
    /// explains the epoch.
    package func bridge(
        from progress: Progress, _ projection: Projection
    ) async throws(StoreError) {
        let prepared = PreparedProjection(projection, rowRegions)
        try await transaction { writer, db in
            try writer.follow(progress, in: db)
            try writer.project([prepared], clusterID: progress.clusterID, to: db)
        }
    }

    /// Writes the rows, objects and progress of `batch` to disk, all or nothing. The batch must be in rising
    /// order of revision.
    ///
    /// Revisions that the ledger already has are skipped. So a caller can submit a batch again after any failure.
    /// Throws `clusterMismatch` unless the ledger follows `clusterID`.
    package func project(_ batch: [Projection], clusterID: String) async throws(StoreError) {
        let prepared = batch.map { PreparedProjection($0, rowRegions) }
        try await queue.submit(.projections(prepared, clusterID: clusterID))
    }

    /// Writes rows that record no change in etcd, such as refusals. Either all of the rows are on disk afterwards, or
    /// none.
    package func record(_ rows: [AuditRecord.Draft]) async throws(StoreError) {
        try await queue.submit(.rows(rows.map { PreparedRow($0, rowRegions) }))
    }

    /// Submits the rows without waiting. `onFailure` must not block.
    package func record(
        _ rows: [AuditRecord.Draft], onFailure: @escaping @Sendable (StoreError) -> Void
    ) {
        queue.submit(.rows(rows.map { PreparedRow($0, rowRegions) }), onFailure: onFailure)
    }

    /// Adds words to the index of texts; see `TextIndex`.
    func index(_ batch: TextIndex.Batch) async throws(StoreError) {
        try await queue.submit(.texts(batch))
    }

    /// Empties the index of texts. `indexTexts` then fills the index again.
    func emptyTexts() async throws(StoreError) {
        try await queue.submit(.emptyTexts)
    }

    /// Runs `body` in a transaction of the writing connection. `body` may run twice, so it must compute its
    /// result anew each time.
    package func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (inout LedgerWriter, Database) throws -> Value
    ) async throws(StoreError) -> Value {
        // The mutex carries the result of `body` to this task, because `body` runs on GRDB's writer queue.
        let result = Mutex<Value?>(nil)
        try await queue.submit(
            .transaction { writer, db in
                let value = try body(&writer, db)
                result.withLock { $0 = value }
            })
        guard let value = result.withLock({ $0 }) else {
            throw StoreError(code: .unexpected, message: "\(path): a transaction without a result")
        }
        return value
    }

    /// Stores a checkpoint, unless a checkpoint with the same number of rows exists. Returns true if the checkpoint was
    /// stored.
    func store(_ checkpoint: StoredCheckpoint) async throws(StoreError) -> Bool {
        try await transaction { _, db in try checkpoint.insert(db) }
    }

    /// Writes all submitted work, then releases the file, even if the calling task is cancelled or an error occurs.
    /// Every later call throws.
    package func close() async throws(StoreError) {
        queue.close()
        // Releases the lock even after an error. Another process may then write to the file, because the closed queue
        // writes nothing more.
        defer { lock.release() }
        // One barrier waits for only one commit. The submitted work may need several commits, so the loop waits again
        // until no work is left.
        var result = await barrier { _ in }
        while queue.hasWork, case .success = result { result = await barrier { _ in } }
        do {
            // Copies the write-ahead log into the file and empties the log. SQLite would empty the log only if the
            // last connection to close can write, but DatabasePool closes its read-only connections last. If the disk
            // is too full, the log stays and is read at the next opening.
            let emptied = await barrier { db in _ = try? db.checkpoint(.truncate) }
            try pool.close()
            try emptied.get()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Runs `body` while no other access to the file runs. Waits in a continuation, because GRDB's own waiting ends
    /// when the calling task is cancelled.
    private func barrier(
        _ body: @escaping @Sendable (Database) -> Void
    ) async -> Result<Void, any Error> {
        await withCheckedContinuation { continuation in
            pool.asyncBarrierWriteWithoutTransaction {
                continuation.resume(returning: $0.map(body))
            }
        }
    }
}
