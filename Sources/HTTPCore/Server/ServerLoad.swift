package import Synchronization

/// The load of a server now and what it has refused; for limits, metrics and the log.
package final class ServerLoad: Sendable {
    /// Bytes of request bodies, from their arrival until their handler has ended.
    package let bodies: ByteBudget
    /// Bytes of answers that clients have not read.
    package let answers: ByteBudget
    /// Open connections.
    package let connections = Atomic<Int>(0)
    /// Requests whose header has been read and whose answer is not complete.
    package let requests = Atomic<Int>(0)
    /// Connections closed to make room: idle ones for new ones, and the slowest reader for other answers.
    package let evictions = Atomic<UInt64>(0)
    /// Connections refused because there were too many.
    package let refusedConnections = Atomic<UInt64>(0)
    /// Requests that got 503 because their body or answer found no room.
    package let refusedRequests = Atomic<UInt64>(0)

    package init(_ limits: HTTPServer.Limits = HTTPServer.Limits()) {
        bodies = ByteBudget(limit: limits.bodyMemory)
        answers = ByteBudget(limit: limits.answerMemory)
    }
}

/// The bytes that all connections of a server together may hold for one purpose.
///
/// Atomics and no mutex: every chunk of every body and answer passes here, on all event loops.
package final class ByteBudget: Sendable {
    /// The most that `take` gives out, in bytes.
    package let limit: Int
    /// Bytes that only small claims may use, so that a few large ones cannot lock out everybody else.
    private let reserve: Int
    /// Claims up to this size, in bytes, may use the reserve.
    package static let smallClaim = 64 << 10

    private let bytes = Atomic<Int>(0)

    package init(limit: Int) {
        self.limit = limit
        reserve = limit / 8
    }

    /// The smallest `limit` with which one claim of `bytes` can be granted.
    package static func limit(for bytes: Int) -> Int { bytes + bytes / 7 + 8 }

    /// Bytes held now. Only `force` can make them exceed `limit`.
    package var held: Int { bytes.load(ordering: .relaxed) }

    /// Returns true if a claim that will grow to `total` bytes may begin now.
    func hasRoom(for total: Int) -> Bool { held + total <= ceiling(total) }

    /// Takes `count` bytes of a claim of `total` bytes. Returns false and takes none if they are not free.
    func take(_ count: Int, ofTotal total: Int) -> Bool {
        let held = bytes.wrappingAdd(count, ordering: .relaxed).newValue
        if held <= ceiling(total) { return true }
        bytes.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    fileprivate func force(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }

    private func ceiling(_ total: Int) -> Int {
        total > Self.smallClaim ? limit - reserve : limit
    }
}

/// The bytes that one holder has taken of a budget. They are given back with the last reference, so bytes that a
/// handler still works on count even after its connection was closed.
final class ByteLease: Sendable {
    private let budget: ByteBudget
    private let count = Atomic<Int>(0)

    init(_ budget: ByteBudget) { self.budget = budget }

    deinit { budget.force(-count.load(ordering: .relaxed)) }

    /// Bytes taken.
    var held: Int { count.load(ordering: .relaxed) }

    /// Takes `more` bytes. `total` is the final size of the claim, if it is known.
    func take(_ more: Int, total: Int = 0) -> Bool {
        guard budget.take(more, ofTotal: max(total, held + more)) else { return false }
        count.wrappingAdd(more, ordering: .relaxed)
        return true
    }

    /// Sets the claim to `bytes`, even beyond the limit, because these bytes exist already.
    func set(to bytes: Int) {
        let before = count.exchange(bytes, ordering: .relaxed)
        budget.force(bytes - before)
    }
}
