package import Domain
package import GRDB
import Synchronization

/// The audit ledger: an append-only, hash-chained SQLite file with one row for every change that etcd
/// shows and for every attempt that this server did not accept.
///
/// One process at a time has it open. Writes are committed in groups, reads run beside them.
///
/// A class and not an actor: its parts are safe to share, and an actor would let one read run at a time.
package final class AuditLedger: Sendable {
    package struct Options: Sendable {
        /// Connections for reading at the same time, at least 1.
        package var maximumReaders = 4
        /// The largest file, in bytes, that is checked at opening: SQLite's `quick_check` reads all of it,
        /// and nothing is served meanwhile. A larger one is left to `inspect()`.
        package var checkedAtOpening = 64 << 20
        /// The shortest time between two looks for whether a damaged file is sound again.
        package var probePause = Duration.seconds(10)

        package init() {}
    }

    /// Where the file is.
    package let path: String
    /// Random name of this ledger, 32 lower-case hex digits; stays with the file wherever it goes.
    package let identity: String
    package let pool: DatabasePool
    private let lock: FileLock
    private let integrity: IntegrityProbe
    /// True if the whole file was read at opening.
    private let isChecked: Bool
    let queue: CommitQueue

    /// Opens `path`, or creates it with mode 0600 and its directory with 0700. Blocks on the disk.
    ///
    /// Throws `locked`, `cannotOpen`, `notALedger`, `newerSchema`, `corrupt`, or what SQLite reports, each
    /// with the file's name and what to do.
    package init(path given: String, options: Options = Options()) throws(StoreError) {
        try LedgerFile.createDirectory(of: given)
        try LedgerFile.checkDirectory(of: given)
        let path = LedgerFile.resolved(given)
        self.path = path
        integrity = IntegrityProbe(pause: options.probePause)
        try LedgerFile.checkDirectory(of: path)
        lock = try FileLock(path: path + ".lock")
        isChecked = LedgerFile.size(path) <= options.checkedAtOpening
        pool = try LedgerDatabase.open(path, checksIntegrity: isChecked, options: options)
        do {
            identity = try pool.read(LedgerIdentity.fetch)
            queue = try CommitQueue(pool: pool, guardian: FileGuard(path: path))
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Reads a file that was too large to be checked at opening, beside all other work, and returns the
    /// damage that it finds; `health` then says so too. Returns nil for a sound file.
    package func inspect() async -> StoreError? {
        guard !isChecked, let damage = await IntegrityProbe.damage(of: path) else { return nil }
        queue.markDamaged(damage)
        return damage
    }

    package var health: LedgerHealth { queue.health }

    /// `hash` of the last row on disk; `zero` when there is none.
    package var lastHash: AuditHash { queue.lastHash }

    /// Number of the last row on disk; 0 when there is none.
    package var lastSeq: Int64 { queue.lastSeq }

    /// Gives an element when rows have been written since the last was taken; ends with `close()`.
    package func commits() -> AsyncStream<Void> { queue.commits() }

    /// Writes to the disk to find out whether that is possible, and says so. After damage was found the
    /// whole file is read first, at intervals: a small write may well succeed beside the damage.
    @discardableResult
    package func probe() async -> LedgerHealth {
        if queue.isSuspect {
            guard await integrity.check(path) else { return health }
            pool.releaseMemory()
            queue.clearDamage()
        }
        try? await queue.submit(.probe)
        return health
    }

    /// Declares which etcd cluster the ledger follows from now on, and from which revision: at the first
    /// start, and when the cluster is another one or was restored. Rows and objects stay.
    ///
    /// - Parameter emptySince: a moment at which the cluster held nothing that is followed. A new ledger knows
    ///   the state from then on, and not only from the first change.
    package func follow(
        _ progress: Progress, emptySince: Timestamp? = nil
    ) async throws(StoreError) {
        try await queue.submit(.follow(progress, emptySince: emptySince))
    }

    /// Follows from `progress` on, and takes what a comparison with the state after it has found: both or
    /// neither, since the one without the other would begin an epoch that no row tells of.
    package func bridge(
        from progress: Progress, _ projection: Projection
    ) async throws(StoreError) {
        try await transaction { writer, db in
            try writer.follow(progress, in: db)
            try writer.project([projection], clusterID: progress.clusterID, to: db)
        }
    }

    /// Puts the rows, objects and progress of `batch`, in rising order of revision, on disk: all or nothing.
    ///
    /// Revisions that the ledger has are left out, so a batch may be given again after any failure.
    /// Throws `clusterMismatch` unless the ledger follows `clusterID`.
    package func project(_ batch: [Projection], clusterID: String) async throws(StoreError) {
        try await queue.submit(.projections(batch, clusterID: clusterID))
    }

    /// Puts rows of attempts that changed nothing in etcd on disk: all or nothing.
    package func record(_ attempts: [AuditRecord.Draft]) async throws(StoreError) {
        try await queue.submit(.attempts(attempts))
    }

    /// As `record`, without waiting; `onFailure` must not block.
    package func record(
        _ attempts: [AuditRecord.Draft], onFailure: @escaping @Sendable (StoreError) -> Void
    ) {
        queue.submit(.attempts(attempts), onFailure: onFailure)
    }

    /// Puts words into the index of texts.
    func index(_ batch: TextIndex.Batch) async throws(StoreError) {
        try await queue.submit(.texts(batch))
    }

    /// Has the index of texts made again.
    func emptyTexts() async throws(StoreError) {
        try await queue.submit(.emptyTexts)
    }

    /// Runs `body` in a transaction of the writing connection; it may run twice, so it sets what it
    /// returns anew each time.
    package func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (inout LedgerWriter, Database) throws -> Value
    ) async throws(StoreError) -> Value {
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

    /// Stores a checkpoint, unless there is one with the same number of rows.
    func store(_ checkpoint: StoredCheckpoint) async throws(StoreError) {
        try await queue.submit(.checkpoint(checkpoint))
    }

    /// Writes everything that was submitted, then releases the file. Every later call throws.
    package func close() async throws(StoreError) {
        queue.close()
        do {
            // DatabasePool closes its writer before its readers, so SQLite would leave the log as it is.
            // Should this fail, for want of space, the log is kept and read at the next opening.
            try await pool.barrierWriteWithoutTransaction { db in
                _ = try? db.checkpoint(.truncate)
            }
            try pool.close()
            lock.release()
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
