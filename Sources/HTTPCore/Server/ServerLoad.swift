package import Synchronization

/// What a server carries at this moment, and what it had to turn away; for bounds, metrics and the log.
package final class ServerLoad: Sendable {
    /// Bytes of request bodies, from their arrival until their handler has ended.
    package let bodies: ByteBudget
    /// Bytes of answers that clients have not taken.
    package let answers: ByteBudget
    /// Open connections.
    package let connections = Atomic<Int>(0)
    /// Requests whose header has been read and whose answer is not out.
    package let requests = Atomic<Int>(0)
    /// Connections closed to make room: idle ones for new ones, and the slowest reader for other answers.
    package let evictions = Atomic<UInt64>(0)
    /// Connections turned away since there were too many.
    package let refusedConnections = Atomic<UInt64>(0)
    /// Requests answered 503 since their body or answer found no room.
    package let refusedRequests = Atomic<UInt64>(0)

    package init(_ limits: HTTPServer.Limits = HTTPServer.Limits()) {
        bodies = ByteBudget(limit: limits.bodyMemory)
        answers = ByteBudget(limit: limits.answerMemory)
    }
}
