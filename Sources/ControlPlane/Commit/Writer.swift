import Domain
import Etcd
import Logging
import Synchronization

/// The one task that changes etcd: takes waiting writes, checks that their drafts still hold, and commits
/// them together, in one transaction at a time.
///
/// Members of a batch are independent: no member writes a key that another one's plan has read. So a member can be
/// dropped or answered alone at any time.
///
/// One transaction at a time, because each compares the `head` that the one before wrote. A second one in flight would
/// fail that comparison. Batching gives the throughput: while etcd commits one transaction, the next batch gathers.
final class Writer: Sendable {
    struct Limits: Sendable {
        /// Operations, or comparisons, in one transaction; etcd's `--max-txn-ops` is 128 by default.
        var operations = 120
        /// Bytes in one transaction; etcd's request limit is 1.5 MiB by default.
        var bytes = 1_000_000
        /// Writes that may wait, and the bytes they may take; see `Submission.cost`.
        var waiting = 8_192
        var waitingBytes = 128 << 20
    }

    let store: any KeyValueStore
    let mirror: Mirror
    let planner: Planner
    let lease: JournalLease
    let limits: Limits
    let logger: Logger
    private let queue: SubmissionQueue
    private let current = Mutex(Work())
    /// The revision of this writer's last transaction. The next transaction has to build on it.
    let lastCommitted = Mutex<Int64>(0)
    let turns = Mutex(ReplicaTurns())
    /// Returns the reason why nothing may be written now; nil when writes may pass.
    let writeBlocker: @Sendable () -> ControlPlaneError?

    /// The batch being worked on.
    private struct Work {
        /// The members of the batch. `expire` ends those whose deadline has passed.
        var members: [Submission] = []
        var since: ContinuousClock.Instant?
        /// The reason why the last attempt failed; nil after a success.
        var trouble: String?
    }

    init(
        store: any KeyValueStore, mirror: Mirror, planner: Planner, lease: JournalLease,
        limits: Limits = Limits(), logger: Logger,
        writeBlocker: @escaping @Sendable () -> ControlPlaneError?
    ) {
        self.store = store
        self.mirror = mirror
        self.planner = planner
        self.lease = lease
        self.limits = limits
        self.logger = logger
        self.writeBlocker = writeBlocker
        self.queue = SubmissionQueue(limit: limits.waiting, byteLimit: limits.waitingBytes)
    }

    /// Submits a change and waits for its result. Returns when the change is in etcd, when it certainly will not be,
    /// when its deadline passes, or when its draft has to be made again.
    ///
    /// - Parameter insists: see `Submission.insists`.
    func submit(
        _ request: ChangeRequest, _ prepared: PreparedChange, _ draft: Draft,
        deadline: ContinuousClock.Instant, insists: Bool
    ) async -> ChangeAnswer {
        let submission = Submission(
            request, prepared, draft, deadline: deadline, insists: insists)
        guard queue.append(submission) else {
            return .failed(
                ControlPlaneError(.overloaded, "too many writes are waiting, or the server stops"))
        }
        return await submission.value()
    }

    /// Commits batches until its task is cancelled. Then fails the writes that still wait.
    func run() async {
        while true {
            await letOthersCommit()
            // Each change takes at least two operations: its object and its journal entry.
            let batch = await queue.next(upTo: limits.operations / 2)
            if batch.isEmpty { break }
            current.withLock { $0 = Work(members: batch, since: .now) }
            await process(batch)
            // The members of this batch are not answered yet.
            if Task.isCancelled { break }
            current.withLock { $0 = Work() }
        }
        for submission in queue.close() + current.withLock({ $0.members }) {
            submission.expire("the server is shutting down")
        }
    }

    /// Ends the writes whose time is up; called several times a second.
    func expire(_ now: ContinuousClock.Instant) {
        let working = current.withLock { $0.members.filter { $0.deadline <= now } }
        for submission in working + queue.removeExpired(now) {
            submission.expire("the change was not taken in time; it has not been applied")
        }
    }

    /// Writes that wait for their turn.
    var waiting: Int { queue.count }

    /// The trouble that keeps writes waiting for longer than `limit`; nil when they pass.
    func stall(longerThan limit: Duration) -> String? {
        current.withLock { work in
            guard let since = work.since, since + limit < .now else { return nil }
            return "a write has been waiting for "
                + "\((ContinuousClock.now - since).components.seconds) s"
                + (work.trouble.map { ": \($0)" } ?? "")
        }
    }

    /// Tries a batch until every member is answered, or put back for the next transaction.
    private func process(_ batch: [Submission]) async {
        var members = batch.map { BatchMember(submission: $0) }
        var limit = members.count
        var backoff = Backoff(first: .milliseconds(10), limit: .milliseconds(500))
        while true {
            members.removeAll { $0.submission.isAnswered }
            if Task.isCancelled || members.isEmpty { return }
            let tried = Array(members.prefix(limit))
            let rest = members.dropFirst(limit)
            switch await attempt(tried) {
            case .done(let deferred):
                queue.putBack((deferred + rest).map(\.submission))
                return
            case .retry(let trouble):
                note(trouble, for: tried)
                switch trouble {
                case .overtaken: break
                case .outdated(let paths):
                    for member in tried where paths.contains(member.journalKey.description) {
                        member.submission.mayBeJournaled.withLock { $0 = true }
                    }
                    // Changes that others keep overtaking wait behind all the rest and hold nobody up.
                    let (moved, others) = tried.divided { $0.touches(paths) }
                    queue.putBack((others + rest).map(\.submission))
                    let pauses = moved.map { $0.submission.pauseAfterConflict() }
                    if queue.count == 0 {
                        try? await Task.sleep(for: pauses.min() ?? .milliseconds(5))
                    }
                    queue.putBehind(moved.map(\.submission))
                    return
                case .refused:
                    limit = max(1, tried.count / 2)
                case .unavailable:
                    try? await Task.sleep(for: backoff.next())
                }
            }
        }
    }

    /// Waits for the next transaction of another replica, if it is its turn.
    private func letOthersCommit() async {
        guard turns.withLock({ $0.isTurnOfOthers() }) else { return }
        let end = ContinuousClock.now + ReplicaTurns.patience
        var haveCommitted = false
        // The next revision is not known, and `mirror.applied` checks deadlines too seldom for this wait.
        while !haveCommitted, ContinuousClock.now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(1))
            let last = lastCommitted.withLock { $0 }
            haveCommitted = mirror.read { $0.headRevision } > last
        }
        turns.withLock { $0.waited(inVain: !haveCommitted) }
    }

    private func note(_ trouble: Trouble, for members: [BatchMember]) {
        let text = trouble.description
        current.withLock { $0.trouble = text }
        for member in members { member.submission.note(trouble: text) }
    }
}

/// The reason why an attempt at a batch applied nothing.
enum Trouble: Sendable, CustomStringConvertible {
    /// Another replica of this server was first; the mirror has caught up with it.
    case overtaken
    /// Writers that are no replica of this server have changed these keys.
    case outdated(paths: Set<String>)
    /// etcd refuses the transaction for good, because of at least one of its members.
    case refused(EtcdError)
    /// A later attempt may succeed.
    case unavailable(String)

    var description: String {
        switch self {
        case .overtaken: "other replicas of this server were always faster"
        case .outdated(let paths):
            "other writers of etcd keep changing "
                + paths.sorted().prefix(3).joined(separator: ", ")
        case .refused(let error): error.description
        case .unavailable(let reason): reason
        }
    }
}

extension Array {
    /// The elements that satisfy the predicate, and the others, each in order.
    fileprivate func divided(
        by isFirst: (Element) -> Bool
    ) -> (first: [Element], others: [Element]) {
        var (first, others): ([Element], [Element]) = ([], [])
        for element in self {
            if isFirst(element) { first.append(element) } else { others.append(element) }
        }
        return (first, others)
    }
}
