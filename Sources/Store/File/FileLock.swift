#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An exclusive lock on a separate file beside the ledger. The lock is held until `release` is called or this
/// object is deallocated.
///
/// The kernel releases a `flock` when the process that holds the lock ends for any reason, so no lock remains after a
/// crash. The SQLite file is not locked directly, because closing any descriptor of that file would drop SQLite's
/// locks.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Creates the file at `path` if needed, and locks the file. Throws `locked` if another process holds the lock.
    /// The message names the process that holds the lock, and ends with `conflict`.
    ///
    /// Throws `cannotOpen` unless the file is a plain file with one name. A link could lead to another user's file,
    /// which must be neither locked nor written.
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
        // After this assignment, no code may close the descriptor and throw. `deinit` would then close the same
        // number again, and the number might already belong to another file.
        self.descriptor = descriptor
        // Writes the process id, which another process shows in its error message. The id has no effect on the
        // lock.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, pid, pid.count, 0)
    }

    deinit { close(descriptor) }

    private static let ledgerConflict =
        "has this ledger open. Stop it, or give this server a data directory of its own."

    /// Releases the lock. A second call does nothing. Does not delete the file, because two processes could then
    /// each lock a different file of this name.
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
