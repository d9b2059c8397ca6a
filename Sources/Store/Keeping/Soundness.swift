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
        let isSound = await Self.isSound(path)
        let end = ContinuousClock.now
        next.withLock { $0 = end + max(pause, (end - start) * 20) }
        return isSound
    }

    /// On a connection of its own, which has no page in memory yet, and off the threads that run tasks:
    /// opening waits for the disk. A file that cannot be read is not sound, for whatever reason.
    private static func isSound(_ path: String) async -> Bool {
        let finding = try? await DiskWork.run {
            try LedgerReader(path: path).read { db in
                try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
            }
        }
        return finding == "ok"
    }
}
