import Documents
import Domain
import Etcd
import Synchronization

/// The answer to one change.
enum ChangeAnswer: Sendable {
    /// The change is in etcd at this revision.
    case committed(PlannedWrite, revision: Int64)
    case unchanged(ObjectView, warnings: [Violation])
    /// A dry run that would have been accepted, or a manifest that changes nothing.
    case planned(PlannedWrite)
    /// The draft is outdated and has to be made again. Nothing was written to etcd.
    case stale
    case refused(Refusal)
    /// An earlier request with the same Idempotency-Key was accepted at this revision.
    case replayed(JournalEntry, revision: Int64)
    case failed(ControlPlaneError)
}

/// A write that the writer has to commit. It is answered exactly once.
///
/// The states are `waiting` (not part of a transaction yet), `inFlight` (the transaction may have been sent) and
/// `answered`. A submission may change between `waiting` and `inFlight` several times. It may become `answered` from
/// either state.
///
/// The state is in a mutex and not in an actor, because the deadline, the client's cancellation and the writer may
/// answer at the same moment. A lock decides without a suspension which answer is first.
package final class Submission: Sendable {
    private enum Phase {
        case waiting, inFlight, answered
    }

    private struct State {
        var phase = Phase.waiting
        var continuation: CheckedContinuation<ChangeAnswer, Never>?
        /// The answer. It is stored, because it may be given before the caller starts to wait.
        var answer: ChangeAnswer?
        var draft: Draft
        var trouble: String?
        /// The endpoint that received the transaction, if known.
        var endpoint: String?
        /// The pauses after conflicts with writers outside this server.
        var conflicts = Backoff(first: .milliseconds(5), limit: .milliseconds(40))
    }

    let request: ChangeRequest
    let prepared: PreparedChange
    let submitted = ContinuousClock.now
    let deadline: ContinuousClock.Instant
    /// True if an outdated draft is made again in the writer's task, even if that takes long. This is the last resort
    /// after other changes have repeatedly made the draft outdated.
    let insists: Bool
    /// The number of bytes that count against the queue's limit.
    package let cost: Int
    /// The mod_revision that `journal/<id>` must have: 0 if the key must be absent, otherwise the revision of the
    /// aborted entry of an earlier attempt. The revision is stored here, because a submission may return to the queue
    /// between two attempts.
    let journalRevision = Mutex<Int64>(0)
    /// True if the journal may have an entry for the change. There are two possible causes: an earlier request has used
    /// the Idempotency-Key of the change, or an earlier attempt has left an entry after a lost answer.
    let mayBeJournaled: Mutex<Bool>
    private let state: Mutex<State>

    /// Creates a submission that waits for the writer until `deadline`.
    package init(
        _ request: ChangeRequest, _ prepared: PreparedChange, _ draft: Draft,
        deadline: ContinuousClock.Instant, insists: Bool
    ) {
        self.request = request
        self.prepared = prepared
        self.deadline = deadline
        self.insists = insists
        // The fixed part is an estimate for the request without its documents. The factor accounts for parsed
        // documents, which take several times as much memory as their bytes.
        cost = 4_096 + 8 * (draft.write?.size ?? 0)
        mayBeJournaled = Mutex(request.fingerprint != nil)
        state = Mutex(State(draft: draft))
    }

    var isAnswered: Bool { state.withLock { $0.phase == .answered } }

    var draft: Draft {
        get { state.withLock { $0.draft } }
        set { state.withLock { $0.draft = newValue } }
    }

    /// Waits for the answer. If the caller is cancelled while the state is `waiting`, returns at once with the answer
    /// that nothing was applied.
    func value() async -> ChangeAnswer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state in
                    if state.answer == nil { state.continuation = continuation }
                    return state.answer
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            take { phase in
                phase == .waiting
                    ? .failed(ControlPlaneError(.cancelled, "the client left; nothing was applied"))
                    : nil
            }
        }
    }

    /// Sets the state to `inFlight` or `waiting`. Returns false if the submission is already answered.
    ///
    /// - Parameter endpoint: The endpoint that receives the transaction.
    func setInFlight(_ inFlight: Bool, to endpoint: String? = nil) -> Bool {
        state.withLock { state in
            guard state.phase != .answered else { return false }
            state.phase = inFlight ? .inFlight : .waiting
            state.endpoint = endpoint
            return true
        }
    }

    /// True if an attempt has failed because a writer outside this server was faster.
    var isContested: Bool { state.withLock { $0.conflicts.failures > 0 } }

    /// Counts a conflict with a writer outside this server. Returns the pause before the next attempt: 5 ms after the
    /// first conflict, then twice as long each time, at most 40 ms. The writer pauses only if no other write is
    /// waiting.
    func pauseAfterConflict() -> Duration {
        state.withLock { $0.conflicts.next() }
    }

    /// Stores the reason why the last attempt failed. The answer contains the reason if the deadline passes.
    func note(trouble: String) { state.withLock { $0.trouble = trouble } }

    /// Answers the submission. Only the first answer counts.
    func answer(_ answer: ChangeAnswer) {
        take { _ in answer }
    }

    /// Answers with an error, because the deadline has passed or the server shuts down. The error says whether the
    /// change was sent to etcd, and why the last attempt failed. It contains `message` only if the change was not sent.
    func expire(_ message: String) {
        let (trouble, endpoint) = state.withLock { ($0.trouble, $0.endpoint) }
        let place = endpoint.map { " at \($0)" } ?? ""
        let before = trouble.map { "; before that: \($0)" } ?? ""
        take { phase in
            phase == .inFlight
                ? .failed(
                    ControlPlaneError(
                        .outcomeUnknown,
                        "the change was sent to etcd\(place), which did not answer in time"
                            + before,
                        changeID: request.id))
                : .failed(
                    ControlPlaneError(
                        .etcdUnavailable, message + (trouble.map { ": \($0)" } ?? "")))
        }
    }

    /// Answers the submission with the result of `answer` for the current phase. Does nothing if the result is nil or
    /// the submission is already answered.
    private func take(_ answer: (Phase) -> ChangeAnswer?) {
        let resumed = state.withLock {
            state -> (CheckedContinuation<ChangeAnswer, Never>, ChangeAnswer)? in
            guard state.phase != .answered, let value = answer(state.phase) else { return nil }
            (state.phase, state.answer) = (.answered, value)
            defer { state.continuation = nil }
            return state.continuation.map { ($0, value) }
        }
        // Resumes the caller after the lock is released, so that the caller's task never has to wait for the lock.
        if let (continuation, value) = resumed { continuation.resume(returning: value) }
    }
}
