import Domain
import Etcd
import Logging
import Synchronization

/// The one task that changes etcd: takes waiting requests, plans them against the mirror and
/// commits them together, in one transaction at a time.
final class Writer: Sendable {
    struct Limits: Sendable {
        /// Operations in one transaction; etcd's `--max-txn-ops` is 128 by default.
        var operations = 120
        /// Bytes in one transaction; etcd's request limit is 1.5 MiB by default.
        var bytes = 1_000_000
        /// Requests that may wait.
        var waiting = 8_192
        /// Failed comparisons after which members are committed one by one.
        var conflicts = 3
    }

    let store: any KeyValueStore
    let mirror: Mirror
    let planner: Planner
    let lease: JournalLease
    let limits: Limits
    let logger: Logger
    private let queue: SubmissionQueue
    /// Members of the batch being worked on, for the expiry of their deadlines.
    private let current = Mutex<[Submission]>([])
    /// Revision of this writer's last transaction: the next plan has to see it.
    let lastCommitted = Mutex<Int64>(0)
    /// Why nothing may be written now; nil when all is in order.
    let obstacle: @Sendable () -> ControlPlaneError?

    init(
        store: any KeyValueStore, mirror: Mirror, planner: Planner, lease: JournalLease,
        limits: Limits = Limits(), logger: Logger,
        obstacle: @escaping @Sendable () -> ControlPlaneError?
    ) {
        self.store = store
        self.mirror = mirror
        self.planner = planner
        self.lease = lease
        self.limits = limits
        self.logger = logger
        self.obstacle = obstacle
        self.queue = SubmissionQueue(limit: limits.waiting)
    }

    /// Answered when the change is in etcd, refused, or its time is up.
    func submit(
        _ request: ChangeRequest, _ prepared: PreparedChange,
        deadline: ContinuousClock.Instant
    ) async -> WriterAnswer {
        await withCheckedContinuation { continuation in
            let submission = Submission(
                request, prepared, deadline: deadline, continuation: continuation)
            if !queue.append(submission) {
                submission.answer(
                    .failed(ControlPlaneError(.overloaded, "too many writes are waiting")))
            }
        }
    }

    /// Works until its task is cancelled; then fails what still waits.
    func run() async {
        while true {
            // Each change takes at least two operations: its object and its journal entry.
            let batch = await queue.next(upTo: limits.operations / 2)
            if batch.isEmpty { break }
            current.withLock { $0 = batch }
            await process(batch)
            current.withLock { $0 = [] }
        }
        for submission in queue.close() + current.withLock({ $0 }) {
            submission.expire("the server is shutting down")
        }
    }

    /// Ends the requests whose time is up; called several times a second.
    func expire(_ now: ContinuousClock.Instant) {
        let working = current.withLock { $0.filter { $0.deadline <= now } }
        for submission in working + queue.removeExpired(now) {
            submission.expire("etcd did not take the change in time; it has not been applied")
        }
    }

    /// Tries a batch until every member is answered, or put back for the next transaction.
    private func process(_ batch: [Submission]) async {
        var members = batch.map { BatchMember(submission: $0) }
        var conflicts = 0
        var pause = Duration.milliseconds(10)
        while true {
            members.removeAll { $0.submission.isAnswered }
            if Task.isCancelled || members.isEmpty { return }
            let limit = conflicts < limits.conflicts ? members.count : 1
            switch await attempt(Array(members.prefix(limit))) {
            case .done(let deferred):
                queue.putBack(
                    deferred.map(\.submission) + members.dropFirst(limit).map(\.submission))
                return
            case .retry(let again, let isConflict):
                members = again + members.dropFirst(limit)
                if isConflict { conflicts += 1 }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }
}

/// A submission with what the writer has learned of its journal entry.
struct BatchMember: Sendable {
    let submission: Submission

    var journalRevision: Int64 {
        get { submission.journalRevision.withLock { $0 } }
        nonmutating set { submission.journalRevision.withLock { $0 = newValue } }
    }

    var id: ChangeID { submission.request.id }
    var journalKey: EtcdKey { Keyspace.journal(id) }
}
