import DequeModule
import Domain
import GRDB
import Synchronization

/// The queue for all writes to the ledger. The jobs that arrive during a commit are written together in the next
/// commit. The work runs on GRDB's writer queue, never on the caller's thread.
///
/// A mutex and not an actor protects the state, because the work runs in a callback of GRDB's queue, which cannot
/// await an actor. Synchronous code that reads `health` or `lastSeq` cannot await an actor either.
final class CommitQueue: Sendable {
    enum Work: Sendable {
        /// Appends rows that belong to no etcd revision, such as refusals.
        case rows([PreparedRow])
        /// Writes the rows and objects of etcd revisions; see `AuditLedger.project`.
        case projections([PreparedProjection], clusterID: String)
        /// Sets the progress; see `AuditLedger.follow`.
        case follow(Progress, emptySince: Timestamp?)
        /// Adds the words of rows to the index of texts; see `TextIndex`.
        case texts(TextIndex.Batch)
        /// Empties the index of texts. Later jobs of case `texts` fill the index again.
        case emptyTexts
        /// Runs a closure from another part of module Store in one transaction. The closure may run twice, because
        /// a failed group of jobs is repeated job by job.
        case transaction(@Sendable (inout LedgerWriter, Database) throws -> Void)
        /// Tests whether the file can be written.
        case probe

        /// The approximate number of rows that this work writes.
        var weight: Int {
            switch self {
            case .rows(let rows): rows.count
            case .projections(let batch, _):
                batch.reduce(batch.count) { $0 + $1.rows.count + $1.projection.objects.count }
            case .texts(let batch): batch.rows.count
            case .follow, .emptyTexts, .transaction, .probe: 1
            }
        }

        /// The size of the drafts of case `rows` in memory, in bytes. It is 0 for every other case, because only rows
        /// can fill the memory: the callers of the other cases limit the size of each job, and wait for one job before
        /// they submit the next.
        var rowBytes: Int {
            if case .rows(let rows) = self {
                rows.reduce(0) { $0 + $1.draft.memoryBytes }
            } else {
                0
            }
        }
    }

    fileprivate struct Job: Sendable {
        let work: Work
        let finish: @Sendable (Result<Void, StoreError>) -> Void
    }

    fileprivate struct State {
        var waiting: Deque<Job> = []
        /// The sum of `rowBytes` of the waiting jobs.
        var waitingBytes = 0
        /// True if the writer queue is scheduled to process `waiting`.
        var isScheduled = false
        var isClosed = false
        var health = LedgerHealth.available
        /// The time when the files were last found in place.
        var checked = ContinuousClock.now - CommitQueue.checkInterval
        /// True if SQLite has found the file damaged. The property stays true after a successful write, because a
        /// write reads only a few pages.
        var isSuspect = false
        /// The writer, which has a copy of the number and the hash of the last row. Nil after a failed commit, because
        /// this copy may then differ from the file. The next write creates a new writer from the file.
        var writer: LedgerWriter?
        var lastSeq: Int64
        var lastHash: AuditHash
        /// The streams that are notified of new rows.
        var followers: [Int: Signal] = [:]
        var nextFollower = 0
    }

    /// The number of rows after which a commit takes no more jobs. 2,000 rows take about 150 ms to write. So a caller
    /// waits at most about 150 ms until its own commit begins.
    private static let commitWeight = 2000
    /// The limit of `waitingBytes`. Rows above this limit are rejected, so that waiting rows cannot fill the memory
    /// while the disk is slow.
    static let maximumWaitingBytes = 32 << 20

    fileprivate static let checkInterval = Duration.milliseconds(10)

    private let pool: DatabasePool
    private let guardian: FileGuard
    private let regions: RowRegions
    private let state: Mutex<State>

    init(pool: DatabasePool, guardian: FileGuard, regions: RowRegions) throws {
        self.pool = pool
        self.guardian = guardian
        self.regions = regions
        let writer = try pool.read { try LedgerWriter($0, regions) }
        state = Mutex(
            State(writer: writer, lastSeq: writer.lastSeq, lastHash: writer.lastHash))
    }

    /// The health after the last write; `unavailable` if the file was deleted or replaced after this write.
    var health: LedgerHealth { health(checkedAfter: .now) }

    /// The same as `health`, but a deletion of the file may be noticed `checkInterval` late. Every request for a change
    /// reads this property. More checks would not help: a file can be deleted just after any check, and every commit
    /// checks the file again.
    var recentHealth: LedgerHealth { health(checkedAfter: .now - Self.checkInterval) }

    private func health(checkedAfter oldest: ContinuousClock.Instant) -> LedgerHealth {
        let (health, isClosed, checked) = state.withLock { ($0.health, $0.isClosed, $0.checked) }
        guard health.isAvailable, !isClosed, checked <= oldest else { return health }
        let now = ContinuousClock.now
        do {
            try guardian.check()
            state.withLock { $0.checked = now }
            return health
        } catch {
            return .unavailable(error)
        }
    }
    var lastSeq: Int64 { state.withLock { $0.lastSeq } }
    var lastHash: AuditHash { state.withLock { $0.lastHash } }

    /// Waits until `work` is on disk. Throws if the work could not be written. The work continues even if the
    /// calling task is cancelled.
    func submit(_ work: Work) async throws(StoreError) {
        let result = await withCheckedContinuation { continuation in
            enqueue(Job(work: work) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Submits `work` without waiting. `onFailure` is called on GRDB's writer queue, or immediately if the work is
    /// rejected.
    func submit(_ work: Work, onFailure: @escaping @Sendable (StoreError) -> Void) {
        enqueue(
            Job(work: work) { result in
                if case .failure(let error) = result { onFailure(error) }
            })
    }

    /// Returns a stream that gives an element after rows were written, and the signal that wakes the stream. One element
    /// may stand for several writes. The stream ends when the queue is closed.
    func commits() -> (wakes: AsyncStream<Void>, signal: Signal) {
        let (wakes, signal) = Signal.make()
        let number: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextFollower += 1
            state.followers[state.nextFollower] = signal
            return state.nextFollower
        }
        guard let number else {
            signal.finish()
            return (wakes, signal)
        }
        signal.onTermination { [weak self] in
            _ = self?.state.withLock { $0.followers.removeValue(forKey: number) }
        }
        return (wakes, signal)
    }

    /// True after a write or a read has found damage, until a check finds the file sound.
    var isSuspect: Bool { state.withLock { $0.isSuspect } }

    /// Records damage that a read has found. The ledger stays unavailable until `clearDamage` is called and a write
    /// succeeds.
    func markDamaged(_ error: StoreError) { state.withLock { $0.failed(error) } }

    /// Records that the file is sound. The next successful write makes the ledger available.
    func clearDamage() { state.withLock { $0.isSuspect = false } }

    /// True while submitted work waits or is being written.
    var hasWork: Bool { state.withLock { $0.isScheduled } }

    /// Rejects all further work. Work that was submitted before this call is still written.
    func close() {
        let followers = state.withLock { state in
            state.isClosed = true
            defer { state.followers = [:] }
            return state.followers.values
        }
        // Calls `finish` without holding the lock, because `finish` calls the termination handler, which takes the
        // lock.
        for follower in followers { follower.finish() }
    }

    private func enqueue(_ job: Job) {
        let bytes = job.work.rowBytes
        let (refusal, mustSchedule) = state.withLock { state -> (StoreError?, Bool) in
            guard !state.isClosed else {
                return (StoreError(code: .closed, message: "the ledger is closed"), false)
            }
            guard bytes == 0 || state.waitingBytes + bytes <= Self.maximumWaitingBytes else {
                return (Self.overloaded(pool.path), false)
            }
            state.waiting.append(job)
            state.waitingBytes += bytes
            // Sets `isScheduled` only after the return value has been computed from its old value. So only the first of
            // several calls schedules the work.
            defer { state.isScheduled = true }
            return (nil, !state.isScheduled)
        }
        if let refusal {
            job.finish(.failure(refusal))
        } else if mustSchedule {
            schedule()
        }
    }

    private static func overloaded(_ path: String) -> StoreError {
        StoreError(
            code: .overloaded,
            message: "\(path): \(maximumWaitingBytes >> 20) MiB of rows already wait for the disk. "
                + "Check why the disk is slow.")
    }

    private func schedule() {
        // Jobs wait in `waiting` and not in GRDB's queue, because jobs that wait together can share a transaction,
        // and so one flush to the disk.
        pool.asyncWriteWithoutTransaction { db in self.commitNext(db) }
    }

    private func commitNext(_ db: Database) {
        let jobs = state.withLock { $0.takeGroup(upTo: Self.commitWeight) }
        commit(jobs, db)
        // Schedules another commit if jobs were added meanwhile. Otherwise sets `isScheduled` to false, so that
        // `enqueue` schedules the next job. Both functions change the state under the same lock, so no job is
        // forgotten.
        let isMore = state.withLock { state in
            state.isScheduled = !state.waiting.isEmpty
            return state.isScheduled
        }
        if isMore { schedule() }
    }

    /// Writes all jobs in one transaction. If one of several jobs causes a failure, writes each job in a separate
    /// transaction.
    private func commit(_ jobs: [Job], _ db: Database) {
        do {
            try write(jobs, db)
            for job in jobs { job.finish(.success(())) }
        } catch {
            let error = StoreError(error, path: pool.path)
            // Repeats the jobs one by one, so that only the faulty job fails. After an error of the storage, every job
            // would fail, so no job is repeated.
            if jobs.count > 1, !error.isOfStorage {
                for job in jobs { commit([job], db) }
            } else {
                for job in jobs { job.finish(.failure(error)) }
            }
        }
    }

    private func write(_ jobs: [Job], _ db: Database) throws {
        do {
            try guardian.check()
            var writer = try state.withLock { $0.writer } ?? LedgerWriter(db, regions)
            // An immediate transaction takes the write lock at its start. A deferred transaction would take the lock
            // at its first write, where it could fail with SQLITE_BUSY.
            try db.inTransaction(.immediate) {
                for job in jobs { try job.work.write(with: &writer, to: db) }
                return .commit
            }
            let followers = state.withLock { $0.committed(writer) }
            for follower in followers { follower.raise() }
        } catch {
            state.withLock { $0.failed(StoreError(error, path: pool.path)) }
            throw error
        }
    }
}

extension CommitQueue.State {
    fileprivate mutating func takeGroup(upTo limit: Int) -> [CommitQueue.Job] {
        var weight = 0
        // Takes jobs until their weight reaches the limit. Always takes the first job, even if its weight exceeds the
        // limit.
        let end = waiting.firstIndex { job in
            defer { weight += job.work.weight }
            return weight >= limit
        }
        let group = Array(waiting[..<(end ?? waiting.endIndex)])
        waiting.removeFirst(group.count)
        waitingBytes -= group.reduce(0) { $0 + $1.work.rowBytes }
        return group
    }

    /// Records a successful commit. Returns the streams to notify of new rows; none if no rows were added.
    fileprivate mutating func committed(
        _ writer: LedgerWriter
    ) -> [Signal] {
        let hasGrown = writer.lastSeq != lastSeq
        self.writer = writer
        (lastSeq, lastHash) = (writer.lastSeq, writer.lastHash)
        if !isSuspect { health = .available }
        return hasGrown ? Array(followers.values) : []
    }

    fileprivate mutating func failed(_ error: StoreError) {
        writer = nil
        if error.code == .corrupt, error.systemCode != TextIndex.damage { isSuspect = true }
        // Makes the ledger unavailable, except after one of these two errors, because each concerns only one job.
        if error.code != .clusterMismatch, error.code != .badSegment {
            health = .unavailable(error)
        }
    }
}

extension CommitQueue.Work {
    fileprivate func write(with writer: inout LedgerWriter, to db: Database) throws {
        switch self {
        case .rows(let rows): try writer.append(rows, to: db)
        case .projections(let batch, let clusterID):
            try writer.project(batch, clusterID: clusterID, to: db)
        case .follow(let progress, let time):
            try writer.follow(progress, emptySince: time, in: db)
        case .texts(let batch): try TextIndex.add(batch, in: db)
        case .emptyTexts: try TextIndex.empty(in: db)
        case .transaction(let body):
            try body(&writer, db)
            // `body` may have pruned rows and deleted their networks. The ids of these networks are no longer valid.
            writer.forgetNetworks()
        case .probe:
            // Writes 256 KiB. A small write could succeed on a full disk, because its data could fit into free pages or
            // into space that the log already has.
            try db.execute(sql: "INSERT OR REPLACE INTO probe VALUES (1, zeroblob(262144))")
        }
    }
}
