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
    /// True if the file or its disk is the cause of the error, so that any other write would fail too.
    var isOfStorage: Bool {
        switch code {
        case .clusterMismatch, .badSegment, .closed, .overloaded, .unexpected: false
        default: true
        }
    }
}

/// Checks whether a damaged file is sound again.
///
/// Each check reads the whole file. So the time between two checks is at least `pause`, and at least twenty times
/// the duration of the last check.
final class IntegrityProbe: Sendable {
    private let pause: Duration
    private let next = Mutex(ContinuousClock.now)

    init(pause: Duration) { self.pause = pause }

    /// Returns true if SQLite's `quick_check` finds no damage. Returns false if it finds damage, or if it is too
    /// early for the next check.
    func check(_ path: String) async -> Bool {
        let start = ContinuousClock.now
        guard next.withLock({ $0 <= start }) else { return false }
        let isSound = await Self.damage(of: path) == nil
        let end = ContinuousClock.now
        // With the factor 20, checks run during less than a twentieth of the time, even if a single check takes long.
        next.withLock { $0 = end + max(pause, (end - start) * 20) }
        return isSound
    }

    /// Returns the damage of the file at `path`; nil if the file is sound. A file that cannot be read for any
    /// reason is not sound.
    ///
    /// The file is read on a new connection, which has no cached pages. Opening and reading the file block on the
    /// disk, so both run on the thread of `BlockingWork` and not on the threads that run tasks.
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

/// Runs long work, or work that waits for the disk, on a separate thread, because Swift runs all tasks on only a few
/// threads.
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
