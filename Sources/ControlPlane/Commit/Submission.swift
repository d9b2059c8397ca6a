import Documents
import Domain
import Etcd
import Synchronization

/// The answer to one change.
enum ChangeAnswer: Sendable {
    /// In etcd at this revision.
    case committed(PlannedWrite, revision: Int64)
    case unchanged(ObjectView, warnings: [Violation])
    /// A dry run that would have been accepted, or a manifest that changes nothing.
    case planned(PlannedWrite)
    /// The draft does not hold any more and has to be made again; nothing is in etcd.
    case stale
    case refused(Refusal)
    /// An earlier request with the same Idempotency-Key was accepted at this revision.
    case replayed(JournalEntry, revision: Int64)
    case failed(ControlPlaneError)
}

/// One write on its way through the writer; it is answered exactly once.
///
/// States: `waiting` (until it is part of a transaction), `inFlight` (the transaction may have been
/// sent), `answered`. Can move from `waiting` and `inFlight` to each other and to `answered`.
///
/// A mutex and not an actor: the deadline, the client's cancellation and the writer may answer at the same moment, and a
/// lock decides which of them is first without a suspension.
final class Submission: Sendable {
    private enum Phase {
        case waiting, inFlight, answered
    }

    private struct State {
        var phase = Phase.waiting
        var continuation: CheckedContinuation<ChangeAnswer, Never>?
        /// The answer, if it came before the caller began to wait.
        var answer: ChangeAnswer?
        var draft: Draft
        var trouble: String?
        /// Where the transaction was sent, if that is known.
        var endpoint: String?
        /// Transactions that failed since writers outside this server had changed what it rests on.
        var conflicts = Backoff(first: .milliseconds(5), limit: .milliseconds(40))
    }

    let request: ChangeRequest
    let prepared: PreparedChange
    let deadline: ContinuousClock.Instant
    /// True if the writer shall plan the change itself when the draft is out of date, however long
    /// that takes: the last resort for a change that others kept overtaking.
    let insists: Bool
    /// Bytes that count against the queue's limit.
    let cost: Int
    /// mod_revision that `journal/<id>` must have: 0 for absent, else that of an aborted attempt.
    /// Kept here, since a submission may go back to the queue between two attempts.
    let journalRevision = Mutex<Int64>(0)
    /// True if the journal may hold an entry for the change: its Idempotency-Key may have been used, or
    /// an earlier submission of it was given up after a lost answer.
    let mayBeJournaled: Mutex<Bool>
    private let state: Mutex<State>

    init(
        _ request: ChangeRequest, _ prepared: PreparedChange, _ draft: Draft,
        deadline: ContinuousClock.Instant, insists: Bool
    ) {
        self.request = request
        self.prepared = prepared
        self.deadline = deadline
        self.insists = insists
        // The parsed document takes several times the bytes that are written.
        cost = 4_096 + 8 * (draft.write?.size ?? 0)
        mayBeJournaled = Mutex(request.fingerprint != nil)
        state = Mutex(State(draft: draft))
    }

    var isAnswered: Bool { state.withLock { $0.phase == .answered } }

    var draft: Draft {
        get { state.withLock { $0.draft } }
        set { state.withLock { $0.draft = newValue } }
    }

    /// Returns the answer when there is one. A caller that is cancelled gets one at once, unless the
    /// transaction may have been sent.
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

    /// False when it was answered before.
    ///
    /// - Parameter endpoint: Where it is sent.
    func setInFlight(_ inFlight: Bool, to endpoint: String? = nil) -> Bool {
        state.withLock { state in
            guard state.phase != .answered else { return false }
            state.phase = inFlight ? .inFlight : .waiting
            state.endpoint = endpoint
            return true
        }
    }

    /// True if it lost against writers outside this server before.
    var isContested: Bool { state.withLock { $0.conflicts.failures > 0 } }

    /// Counts a conflict with writers outside this server; returns how long to wait before the next attempt
    /// if nothing else is to be done: 5 ms, then twice as long each time, 40 ms at most.
    func pauseAfterConflict() -> Duration {
        state.withLock { $0.conflicts.next() }
    }

    /// Notes why the last attempt failed, for the answer when the time is up.
    func note(trouble: String) { state.withLock { $0.trouble = trouble } }

    /// Only the first answer counts.
    func answer(_ answer: ChangeAnswer) {
        take { _ in answer }
    }

    /// Answers that the time is up; the words depend on whether the change was sent, and on the trouble
    /// it had so far.
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

    /// Answers with what `answer` makes of the phase; nil leaves the submission as it is.
    private func take(_ answer: (Phase) -> ChangeAnswer?) {
        let resumed = state.withLock {
            state -> (CheckedContinuation<ChangeAnswer, Never>, ChangeAnswer)? in
            guard state.phase != .answered, let value = answer(state.phase) else { return nil }
            (state.phase, state.answer) = (.answered, value)
            defer { state.continuation = nil }
            return state.continuation.map { ($0, value) }
        }
        if let (continuation, value) = resumed { continuation.resume(returning: value) }
    }
}
