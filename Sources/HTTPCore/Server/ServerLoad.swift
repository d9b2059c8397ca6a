package import Synchronization

/// The current load of a server and its counts of refusals, for limits, metrics and the log.
package final class ServerLoad: Sendable {
    /// The budget for request bodies. A byte counts from its arrival to the end of the request's handler.
    package let bodies: ByteBudget
    /// The budget for answers that clients have not read.
    package let answers: ByteBudget
    /// The number of open connections.
    package let connections = Atomic<Int>(0)
    /// The number of requests whose header has been read and whose answer is not complete.
    package let requests = Atomic<Int>(0)
    /// The number of connections that were closed to make room. To accept a new connection, the server closes an idle
    /// connection. To hold further answers, the server closes the connection whose client has not read for the longest
    /// time.
    package let evictions = Atomic<UInt64>(0)
    /// The number of connections refused because too many were open.
    package let refusedConnections = Atomic<UInt64>(0)
    /// The number of TLS handshakes that failed.
    package let failedHandshakes = Atomic<UInt64>(0)
    /// The number of requests whose body or answer did not fit into memory.
    package let refusedRequests = Atomic<UInt64>(0)

    package init(_ limits: HTTPServer.Limits = HTTPServer.Limits()) {
        bodies = ByteBudget(limit: limits.bodyMemory)
        answers = ByteBudget(limit: limits.answerMemory)
    }
}

/// A limit on the bytes that all connections of a server together may hold for one purpose.
///
/// The class uses atomics instead of a mutex, because all event loops use it for every chunk of every body and answer.
package final class ByteBudget: Sendable {
    /// The maximum number of bytes that `take` gives out.
    package let limit: Int
    /// The number of bytes reserved for small claims, so that a few large claims cannot block all others.
    private let reserve: Int
    /// The maximum size in bytes of a claim that may use the reserve.
    package static let smallClaim = 64 << 10

    private let bytes = Atomic<Int>(0)

    package init(limit: Int) {
        self.limit = limit
        reserve = limit / 8
    }

    // A large claim may use only seven eighths of the limit, so the limit must be at least 8/7 of the claim.
    /// Returns the smallest `limit` that allows one claim of `bytes` bytes.
    package static func limit(for bytes: Int) -> Int { bytes + bytes / 7 + 8 }

    /// The number of bytes held now. Only `force` can make this number exceed `limit`.
    package var held: Int { bytes.load(ordering: .relaxed) }

    /// Returns true if a claim with a final size of `total` bytes may begin now.
    func hasRoom(for total: Int) -> Bool { held + total <= ceiling(total) }

    /// Takes `count` bytes for a claim of `total` bytes. Returns false and takes nothing if too few bytes are free.
    func take(_ count: Int, ofTotal total: Int) -> Bool { take(count, upTo: ceiling(total)) }

    /// Takes `count` bytes for a purpose that is not essential. Returns false and takes nothing if this would leave
    /// less than half of the limit free for other claims.
    fileprivate func takeSpare(_ count: Int) -> Bool { take(count, upTo: limit / 2) }

    private func take(_ count: Int, upTo ceiling: Int) -> Bool {
        // Stores the new number only if `bytes` still has the number that was checked. If this code added first and
        // subtracted after a failed check, claims of other callers could be refused in between.
        var held = bytes.load(ordering: .relaxed)
        while held + count <= ceiling {
            let (isExchanged, current) = bytes.compareExchange(
                expected: held, desired: held + count, ordering: .relaxed)
            if isExchanged { return true }
            held = current
        }
        return false
    }

    fileprivate func force(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }

    private func ceiling(_ total: Int) -> Int {
        total > Self.smallClaim ? limit - reserve : limit
    }
}

/// The bytes that one holder has taken from a budget. The lease returns the bytes when its last reference is released.
/// Bytes that a handler still uses therefore count even after the connection is closed.
final class ByteLease: Sendable {
    private let budget: ByteBudget
    private let count = Atomic<Int>(0)

    init(_ budget: ByteBudget) { self.budget = budget }

    deinit { budget.force(-count.load(ordering: .relaxed)) }

    /// The number of bytes taken.
    var held: Int { count.load(ordering: .relaxed) }

    /// Takes `more` bytes. Returns false and takes nothing if too few bytes are free. `total` is the final size of the
    /// claim; 0 if unknown.
    func take(_ more: Int, total: Int = 0) -> Bool {
        guard budget.take(more, ofTotal: max(total, held + more)) else { return false }
        count.wrappingAdd(more, ordering: .relaxed)
        return true
    }

    /// Takes `more` bytes for a purpose that is not essential. Returns false and takes nothing if this would leave less
    /// than half of the budget free for other claims.
    func takeSpare(_ more: Int) -> Bool {
        guard budget.takeSpare(more) else { return false }
        count.wrappingAdd(more, ordering: .relaxed)
        return true
    }

    /// Sets the number of held bytes to `bytes`. The number may exceed the limit of the budget, because the bytes are
    /// already in memory.
    func set(to bytes: Int) {
        let before = count.exchange(bytes, ordering: .relaxed)
        budget.force(bytes - before)
    }
}
