#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An exclusive lock on a separate file beside the ledger. It is held until it is released or deallocated.
///
/// The kernel releases a `flock` when its process ends for any reason, so no lock is ever stale. The lock is
/// not on the SQLite file itself, because closing any descriptor of that file would drop SQLite's own locks.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Throws `locked` with the process that holds the lock and `conflict`. Throws `cannotOpen` for anything but a plain file
    /// with one name, because a link may lead to another user's file, which must be neither locked nor written.
    init(path: String, conflict: String = ledgerConflict) throws(StoreError) {
        // O_NOFOLLOW refuses a link, O_NONBLOCK does not wait for the other end of a pipe, and O_CLOEXEC keeps child
        // processes from inheriting the lock.
        let descriptor = open(
            path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600)
        guard descriptor >= 0 else {
            throw errno == ELOOP
                ? Self.foreign(path, "a symbolic link")
                : StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_nlink == 1
        else {
            close(descriptor)
            throw Self.foreign(path, "not a plain file, or has a second name")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw StoreError(
                code: .locked,
                message: "\(path): \(holder) \(conflict)")
        }
        let pid = Array("\(getpid())\n".utf8)
        // No error may be thrown after this assignment. `deinit` would then close the descriptor a second time,
        // and the number might already belong to another file.
        self.descriptor = descriptor
        // The process id is only for the error message of a second process. The kernel's lock decides.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, pid, pid.count, 0)
    }

    deinit { close(descriptor) }

    private static let ledgerConflict =
        "has this ledger open. Stop it, or give this server a data directory of its own."

    /// Releases the lock. A second call does nothing. The file stays: if it were deleted, two processes could each
    /// lock a different file of this name.
    func release() { _ = flock(descriptor, LOCK_UN) }

    private static func foreign(_ path: String, _ what: String) -> StoreError {
        StoreError(
            code: .cannotOpen,
            message:
                "\(path) is \(what), so it is not used as the lock: remove it, and the server makes a new one."
        )
    }

    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let digits = buffer.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty
            ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
