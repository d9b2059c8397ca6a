import GRDB
import Synchronization

/// Finds out whether a file in which damage was found is sound again.
///
/// That reads the whole file, so it is done at intervals: of `pause` at least, and of twenty times what it
/// takes.
final class Soundness: Sendable {
    private let pause: Duration
    private let next = Mutex(ContinuousClock.now)

    init(pause: Duration) { self.pause = pause }

    /// Whether SQLite's `quick_check` is content with the file; false too when it is not time yet.
    func check(_ path: String) async -> Bool {
        let start = ContinuousClock.now
        guard next.withLock({ $0 <= start }) else { return false }
        let isSound = await Self.damage(of: path) == nil
        let end = ContinuousClock.now
        next.withLock { $0 = end + max(pause, (end - start) * 20) }
        return isSound
    }

    /// Returns what is wrong with the file at `path`; nil when it is sound. A file that cannot be read is
    /// not sound, for whatever reason.
    ///
    /// It is read on a connection of its own, which has no page in memory yet, and off the threads that run
    /// tasks: opening waits for the disk.
    static func damage(of path: String) async -> StoreError? {
        do {
            return try await DiskWork.run {
                try LedgerReader(path: path).read { try LedgerDatabase.damage($0, path: path) }
            }
        } catch {
            return StoreError(error, path: path)
        }
    }
}
