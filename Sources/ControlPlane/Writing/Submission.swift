import Domain
import Synchronization

/// What the writer answers to one submission.
enum WriterAnswer: Sendable {
    /// In etcd at this revision.
    case committed(PlannedWrite, revision: Int64)
    case unchanged(ObjectView, warnings: [Violation])
    /// A dry run that would have been accepted, or a stream that changes nothing.
    case planned(PlannedWrite)
    case refused(Refusal)
    /// An earlier request with the same Idempotency-Key was accepted at this revision.
    case replayed(JournalEntry, revision: Int64)
    case failed(ControlPlaneError)
}

/// One request on its way through the writer; it is answered exactly once.
///
/// States: `waiting` (until it is part of a transaction), `inFlight` (the transaction may have been
/// sent), `answered`. Can move from `waiting` and `inFlight` to each other and to `answered`.
final class Submission: Sendable {
    private enum Phase {
        case waiting, inFlight, answered
    }

    private struct State {
        var phase = Phase.waiting
        var continuation: CheckedContinuation<WriterAnswer, Never>?
    }

    let request: ChangeRequest
    let prepared: PreparedChange
    let deadline: ContinuousClock.Instant
    /// mod_revision that `journal/<id>` must have: 0 for absent, else that of an aborted attempt.
    /// Kept here, since a submission may go back to the queue between two attempts.
    let journalRevision = Mutex<Int64>(0)
    private let state: Mutex<State>

    init(
        _ request: ChangeRequest, _ prepared: PreparedChange, deadline: ContinuousClock.Instant,
        continuation: CheckedContinuation<WriterAnswer, Never>
    ) {
        self.request = request
        self.prepared = prepared
        self.deadline = deadline
        self.state = Mutex(State(continuation: continuation))
    }

    var isAnswered: Bool { state.withLock { $0.phase == .answered } }

    /// False when its time ran out before.
    func setInFlight(_ inFlight: Bool) -> Bool {
        state.withLock { state in
            guard state.phase != .answered else { return false }
            state.phase = inFlight ? .inFlight : .waiting
            return true
        }
    }

    /// Only the first answer counts.
    func answer(_ answer: WriterAnswer) {
        take { _ in answer }
    }

    /// Answers that the time is up; what it says depends on whether the change was sent.
    func expire(_ message: String) {
        take { phase in
            phase == .inFlight
                ? .failed(
                    ControlPlaneError(
                        .outcomeUnknown,
                        "the change was sent to etcd, but etcd did not answer in time",
                        changeID: request.id))
                : .failed(ControlPlaneError(.etcdUnavailable, message))
        }
    }

    private func take(_ answer: (Phase) -> WriterAnswer) {
        let (continuation, value) = state.withLock { state in
            let value = answer(state.phase)
            let continuation = state.continuation
            state.phase = .answered
            state.continuation = nil
            return (continuation, value)
        }
        continuation?.resume(returning: value)
    }
}
