/// Wakes one waiting task. Several signals in a row wake the task only once, because the task then does all pending
/// work.
///
/// The type uses a stream instead of a condition variable, because a waiting task must not block its thread.
package struct Signal: Sendable {
    private let continuation: AsyncStream<Void>.Continuation

    /// Returns a stream of wakes and the signal that causes them. Exactly one task must iterate over the stream.
    package static func make() -> (wakes: AsyncStream<Void>, signal: Signal) {
        // One pending wake is enough, because the task does all pending work.
        let (wakes, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return (wakes, Signal(continuation: continuation))
    }

    package func raise() { continuation.yield() }

    /// Ends the stream of wakes.
    package func finish() { continuation.finish() }

    /// Stores `body`, which is called when the stream of wakes ends or the waiting task is cancelled.
    package func onTermination(_ body: @escaping @Sendable () -> Void) {
        continuation.onTermination = { _ in body() }
    }
}
