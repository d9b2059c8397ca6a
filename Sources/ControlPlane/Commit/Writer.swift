import Domain
import Etcd
import Logging
package import Synchronization

/// Runs the only task of this server that writes changes to etcd. The task takes waiting writes, checks that their
/// drafts are current, and commits them together, one transaction at a time.
///
/// The members of a batch are independent: no member writes a key that the plan of another member has read. So each
/// member can be dropped or answered alone at any time.
///
/// Each transaction compares the `head` that the previous one wrote. A second transaction in flight would fail that
/// comparison, so only one is sent at a time. Batching provides the throughput: the next batch gathers while etcd
/// commits.
package final class Writer: Sendable {
    struct Limits: Sendable {
        /// The largest number of operations, and of comparisons, in one transaction. etcd's `--max-txn-ops` is 128 by
        /// default.
        var operations = 120
        /// The largest number of bytes in one transaction. etcd's request limit is 1.5 MiB by default. This limit is
        /// lower, because `PlannedWrite.size` is an estimate.
        var bytes = 1_000_000
        /// The largest number of waiting writes. `waitingBytes` is the largest sum of their `Submission.cost`.
        var waiting = 8_192
        var waitingBytes = 128 << 20
    }

    let store: any KeyValueStore
    let mirror: Mirror
    let planner: Planner
    let lease: JournalLease
    let limits: Limits
    let stages: WriteStages
    let logger: Logger
    private let queue: SubmissionQueue
    // This is a mutex, because `run` changes the state, and `expire` and `stall` read it from other tasks while the
    // batch is in progress.
    private let current = Mutex(Work())
    /// The revision of this writer's last transaction. The next attempt first waits until the mirror shows this
    /// revision.
    let lastCommitted = Mutex<Int64>(0)
    /// The turns of this replica and the other replicas.
    package let turns = Mutex(ReplicaTurns())
    /// Returns the reason why nothing may be written now; nil if writes are allowed.
    let writeBlocker: @Sendable () -> ControlPlaneError?

    /// The batch in progress.
    private struct Work {
        /// The members of the batch. `expire` ends the members that have reached their deadline.
        var members: [Submission] = []
        var since: ContinuousClock.Instant?
        /// The reason why the last attempt failed; nil after a success.
        var trouble: String?
    }

    init(
        store: any KeyValueStore, mirror: Mirror, planner: Planner, lease: JournalLease,
        limits: Limits = Limits(), stages: WriteStages = WriteStages(), logger: Logger,
        writeBlocker: @escaping @Sendable () -> ControlPlaneError?
    ) {
        self.store = store
        self.mirror = mirror
        self.planner = planner
        self.lease = lease
        self.limits = limits
        self.stages = stages
        self.logger = logger
        self.writeBlocker = writeBlocker
        self.queue = SubmissionQueue(limit: limits.waiting, byteLimit: limits.waitingBytes)
    }

    /// Submits a change and waits for its result. Returns when the change is in etcd, when it certainly will not be
    /// applied, when its deadline passes, or when its draft has to be made again.
    ///
    /// - Parameter insists: See `Submission.insists`.
    func submit(
        _ request: ChangeRequest, _ prepared: PreparedChange, _ draft: Draft,
        deadline: ContinuousClock.Instant, insists: Bool
    ) async -> ChangeAnswer {
        let submission = Submission(
            request, prepared, draft, deadline: deadline, insists: insists)
        guard queue.append(submission) else {
            return .failed(
                ControlPlaneError(
                    .overloaded, "too many writes are waiting, or the server is stopping"))
        }
        return await submission.value()
    }

    /// Commits batches until its task is cancelled. Then answers the waiting writes with an error.
    func run() async {
        while true {
            // Waits before taking the batch, so that changes that arrive during the wait join the batch.
            await letOthersCommit()
            // Takes at most half as many changes as a transaction may have operations. Each change needs at least two
            // operations: one for its object and one for its journal entry.
            let batch = await queue.next(upTo: limits.operations / 2)
            if batch.isEmpty { break }
            current.withLock { $0 = Work(members: batch, since: .now) }
            await process(batch)
            // After a cancellation some members may be unanswered. `current` keeps them, so that the loop below answers
            // them.
            if Task.isCancelled { break }
            current.withLock { $0 = Work() }
        }
        for submission in queue.close() + current.withLock({ $0.members }) {
            submission.expire("the server is shutting down")
        }
    }

    /// Ends the writes that have reached their deadline. Called ten times a second.
    func expire(_ now: ContinuousClock.Instant) {
        let working = current.withLock { $0.members.filter { $0.deadline <= now } }
        for submission in working + queue.removeExpired(now) {
            submission.expire("the change waited too long and was not applied")
        }
    }

    /// The number of waiting writes.
    package var waiting: Int { queue.count }

    /// Returns a message if the batch in progress has taken longer than `limit`; nil otherwise. The message contains
    /// the reason why the last attempt failed.
    func stall(longerThan limit: Duration) -> String? {
        current.withLock { work in
            guard let since = work.since, since + limit < .now else { return nil }
            return "a write has been waiting for "
                + "\((ContinuousClock.now - since).components.seconds) s"
                + (work.trouble.map { ": \($0)" } ?? "")
        }
    }

    /// Tries to commit a batch until every member is answered or put back for the next transaction.
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
                    // A changed journal key means that another replica has handled a request with the same
                    // Idempotency-Key. So the next attempt reads the journal entry first.
                    for member in tried where paths.contains(member.journalKey.description) {
                        member.submission.mayBeJournaled.withLock { $0 = true }
                    }
                    // An outdated change waits behind all others, so that it does not delay them.
                    let (moved, others) = tried.divided { $0.touches(paths) }
                    queue.putBack((others + rest).map(\.submission))
                    let pauses = moved.map { $0.submission.pauseAfterConflict() }
                    // Pauses if no other write is waiting, so that the writer outside this server has time to finish.
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

    /// Waits until another replica commits, at most `ReplicaTurns.patience`. Returns at once if it is this replica's
    /// turn.
    private func letOthersCommit() async {
        guard turns.withLock({ $0.isTurnOfOthers() }) else { return }
        let end = ContinuousClock.now + ReplicaTurns.patience
        var haveCommitted = false
        // Checks every millisecond and does not call `mirror.applied.wait`. That method needs a known revision, and may
        // end up to 100 ms after the deadline.
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
    /// Another replica of this server committed first. The mirror has caught up with that commit.
    case overtaken
    /// Writers outside this server have changed these keys.
    case outdated(paths: Set<String>)
    /// etcd refuses the transaction permanently, because of at least one of its members.
    case refused(EtcdError)
    /// A later attempt may succeed.
    case unavailable(String)

    var description: String {
        switch self {
        case .overtaken: "at each attempt another replica of this server committed first"
        case .outdated(let paths):
            "other writers of etcd keep changing "
                + paths.sorted().prefix(3).joined(separator: ", ")
        case .refused(let error): error.description
        case .unavailable(let reason): reason
        }
    }
}

extension Array {
    /// Returns the elements that satisfy the predicate, and the other elements, both in order.
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
