/// Where large bodies are read and judged: one at a time, so that however many arrive, they take one of the pool's
/// threads and leave the others to all other requests.
package actor DocumentDesk {
    /// Bytes from which a body is large. Below, reading takes some milliseconds at most, and nothing waits for its turn.
    package static let largeBody = 65_536

    package init() {}

    /// The result of `work` on a body of `bytes` bytes.
    package nonisolated func perform<Value: Sendable, Failure: Error>(
        bytes: Int, _ work: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        bytes < Self.largeBody ? try work() : try await inTurn(work)
    }

    private func inTurn<Value: Sendable, Failure: Error>(
        _ work: @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try work()
    }
}
