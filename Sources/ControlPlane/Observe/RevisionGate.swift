import Synchronization

/// A revision that rises, and the callers that wait until it reaches a certain value.
///
/// A wait needs no timer, because the owner calls `expire` ten times a second to end the waits that have reached their
/// deadlines. Thousands of writes may wait at once, and one clock for all waits is cheaper than a timer for each of
/// them.
package final class RevisionGate: Sendable {
    private struct Waiter {
        var number: UInt64
        var revision: Int64
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var reached: Int64 = 0
        var waiters: [Waiter] = []
        var nextNumber: UInt64 = 0
        /// The numbers of the waits that were cancelled before they began. A cancellation handler may run before
        /// `begin`.
        var cancelled: Set<UInt64> = []
        var isClosed = false
    }

    // This is a mutex and not an actor, because a cancellation handler cannot wait for an actor.
    private let state = Mutex(State())

    /// Creates a gate at revision 0.
    package init() {}

    /// The last revision that has been reached.
    package var reached: Int64 { state.withLock { $0.reached } }

    /// The number of waiting callers.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Waits until `revision` is reached. Returns false if `deadline` passes first or the task is cancelled.
    package func wait(for revision: Int64, until deadline: ContinuousClock.Instant) async -> Bool {
        let number = state.withLock { state -> UInt64? in
            if state.reached >= revision { return nil }
            state.nextNumber += 1
            return state.nextNumber
        }
        guard let number else { return true }
        let isReached = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(
                    Waiter(
                        number: number, revision: revision, deadline: deadline,
                        continuation: continuation))
            }
        } onCancel: {
            cancel(number)
        }
        // Removes this wait's number from `cancelled`. If the wait had already ended when the task was cancelled,
        // `cancel` has put the number there, and nothing else would remove it.
        if Task.isCancelled { state.withLock { _ = $0.cancelled.remove(number) } }
        return isReached
    }

    private func begin(_ waiter: Waiter) {
        let answer = state.withLock { state -> Bool? in
            if state.cancelled.remove(waiter.number) != nil { return false }
            if state.reached >= waiter.revision { return true }
            if state.isClosed { return false }
            state.waiters.append(waiter)
            return nil
        }
        if let answer { waiter.continuation.resume(returning: answer) }
    }

    /// Ends the wait `number`. A wait that has not begun ends as soon as it begins.
    private func cancel(_ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }

    /// Raises the reached revision to `revision`, and ends the waits for revisions up to it.
    package func advance(to revision: Int64) {
        let passing = state.withLock { state -> [Waiter] in
            guard revision > state.reached else { return [] }
            state.reached = revision
            return Self.take(&state.waiters) { $0.revision <= revision }
        }
        for waiter in passing { waiter.continuation.resume(returning: true) }
    }

    /// Sets the reached revision to `revision`, and ends the waits for revisions up to it. Call it after a whole state
    /// of etcd was read. The new revision is lower than the old one if etcd was replaced or restored.
    package func reset(to revision: Int64) {
        let passing = state.withLock { state -> [Waiter] in
            state.reached = revision
            return Self.take(&state.waiters) { $0.revision <= revision }
        }
        for waiter in passing { waiter.continuation.resume(returning: true) }
    }

    /// Ends every wait, because a restored etcd may never reach the awaited revisions.
    package func abandonWaits() {
        let ended = state.withLock { state in Self.take(&state.waiters) { _ in true } }
        for waiter in ended { waiter.continuation.resume(returning: false) }
    }

    /// Ends the waits that have reached their deadline.
    package func expire(_ now: ContinuousClock.Instant) {
        let ended = state.withLock { state in
            Self.take(&state.waiters) { $0.deadline <= now }
        }
        for waiter in ended { waiter.continuation.resume(returning: false) }
    }

    /// Ends every wait. Later waits end at once, because `expire` is no longer called.
    package func close() {
        let ended = state.withLock { state in
            state.isClosed = true
            return Self.take(&state.waiters) { _ in true }
        }
        for waiter in ended { waiter.continuation.resume(returning: false) }
    }

    private static func take(
        _ waiters: inout [Waiter], where isTaken: (Waiter) -> Bool
    ) -> [Waiter] {
        let end = waiters.partition(by: isTaken)
        let taken = Array(waiters[end...])
        waiters.removeSubrange(end...)
        return taken
    }
}
