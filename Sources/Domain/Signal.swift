/// Wakes one waiting task. The task then does all pending work, so several signals before that wake it only once.
///
/// The type uses a stream instead of a condition variable, because a waiting task must not block its thread.
package struct Signal: Sendable {
    private let continuation: AsyncStream<Void>.Continuation

    /// Returns the wakes and the signal that causes them. One task iterates over the wakes.
    package static func make() -> (wakes: AsyncStream<Void>, signal: Signal) {
        // One pending wake is enough, because the task does all pending work.
        let (wakes, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return (wakes, Signal(continuation: continuation))
    }

    package func raise() { continuation.yield() }

    /// Ends the wakes.
    package func finish() { continuation.finish() }

    /// Calls `body` when the wakes end or the waiting task is cancelled.
    package func onTermination(_ body: @escaping @Sendable () -> Void) {
        continuation.onTermination = { _ in body() }
    }
}
