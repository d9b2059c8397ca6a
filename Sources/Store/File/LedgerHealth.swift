import Dispatch
import GRDB
import Synchronization

/// The ledger's ability to take writes.
package enum LedgerHealth: Hashable, Sendable {
    case available
    /// The last write failed for this reason. The ledger becomes available again when a write or a probe succeeds.
    case unavailable(StoreError)

    package var isAvailable: Bool { self == .available }
}

extension StoreError {
    /// True if the file or its disk is the cause, so that any other write would fail too.
    var isOfStorage: Bool {
        switch code {
        case .clusterMismatch, .badSegment, .closed, .overloaded, .unexpected: false
        default: true
        }
    }
}

/// Finds out whether a file in which damage was found is sound again.
///
/// That reads the whole file, so it is done at intervals: of `pause` at least, and of twenty times what it
/// takes.
final class IntegrityProbe: Sendable {
    private let pause: Duration
    private let next = Mutex(ContinuousClock.now)

    init(pause: Duration) { self.pause = pause }

    /// Returns true if SQLite's `quick_check` finds nothing; false also when the next check is not due yet.
    func check(_ path: String) async -> Bool {
        let start = ContinuousClock.now
        guard next.withLock({ $0 <= start }) else { return false }
        let isSound = await Self.damage(of: path) == nil
        let end = ContinuousClock.now
        // A file that takes long to read is read seldom: checks take a twentieth of the time at most.
        next.withLock { $0 = end + max(pause, (end - start) * 20) }
        return isSound
    }

    /// Returns what is wrong with the file at `path`; nil when it is sound. A file that cannot be read is
    /// not sound, for whatever reason.
    ///
    /// It is read on a separate connection, which has no page in memory yet, and off the threads that run
    /// tasks: opening waits for the disk.
    static func damage(of path: String) async -> StoreError? {
        do {
            return try await BlockingWork.run {
                try LedgerReader(path: path).read { try LedgerDatabase.damage($0, path: path) }
            }
        } catch {
            return StoreError(error, path: path)
        }
    }
}

/// Runs work that waits for the disk or computes for long on a separate thread, since the threads that run tasks are
/// few.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "audit-segments", qos: .utility)

    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
