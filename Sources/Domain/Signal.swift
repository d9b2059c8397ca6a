/// Wakes one task that waits. A task that is woken looks at everything there is to do, so however often the signal is
/// raised before the task looks, it is woken once.
///
/// A stream and not a condition variable, because a task must not block its thread while it waits.
package struct Signal: Sendable {
    private let continuation: AsyncStream<Void>.Continuation

    /// Returns the wakes, which one task iterates, and the signal that brings them about.
    package static func make() -> (wakes: AsyncStream<Void>, signal: Signal) {
        let (wakes, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return (wakes, Signal(continuation: continuation))
    }

    package func raise() { continuation.yield() }

    /// Ends the wakes.
    package func finish() { continuation.finish() }

    /// Calls `body` when nobody waits any more.
    package func onTermination(_ body: @escaping @Sendable () -> Void) {
        continuation.onTermination = { _ in body() }
    }
}
