#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Foundation

extension PrivateFile {
    /// Replaces the file `path` with `bytes` in one step. A reader sees the old content or the new content. The
    /// new file has mode 0600 and is on disk when the call returns.
    package static func replace(
        _ path: String, with bytes: [UInt8], subject: String
    ) throws(StoreError) {
        let temporary = try write(bytes, beside: path, subject: subject)
        guard rename(temporary, path) == 0 else {
            let number = errno
            unlink(temporary)
            throw unusable(subject, path, "cannot be replaced: \(reason(number))")
        }
        try syncDirectory(of: path, subject: subject)
    }

    /// Reads the file `path`, and replaces the content with the bytes that `change` returns. A lock keeps other
    /// processes from changing the file between the reading and the replacement.
    ///
    /// The lock is on `<path>.lock`, because a lock on `path` would be lost when the file is replaced.
    ///
    /// - Parameter makes: True to create a missing file: `change` then gets an empty array. False to throw an error
    ///   if the file is missing.
    package static func update<Result>(
        _ path: String, subject: String, maximumBytes: Int, makes: Bool,
        _ change: ([UInt8]) throws -> (bytes: [UInt8], result: Result)
    ) throws -> Result {
        // If `path` is a symbolic link, the file to which the link leads is replaced, and the link stays.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        func content() throws(StoreError) -> [UInt8] {
            var status = stat()
            let isNew = makes && stat(path, &status) != 0 && errno == ENOENT
            return isNew ? [] : try read(path, subject: subject, maximumBytes: maximumBytes)
        }
        // Reads the file once before taking the lock, so that an unusable file causes an error before a lock file is
        // created.
        _ = try content()
        let lock = try lock(target)
        defer { lock.release() }
        let old = try content()
        let (bytes, result) = try change(old)
        guard bytes.count <= maximumBytes else {
            throw unusable(subject, path, "would be larger than \(maximumBytes) bytes")
        }
        try replace(target, with: bytes, subject: subject)
        return result
    }

    /// Waits up to five seconds for the lock. Throws `locked` after this time.
    private static func lock(_ path: String) throws(StoreError) -> FileLock {
        for _ in 0..<100 {
            do {
                return try FileLock(path: path + ".lock", conflict: conflict)
            } catch {
                guard error.code == .locked else { throw error }
                usleep(50_000)
            }
        }
        return try FileLock(path: path + ".lock", conflict: conflict)
    }

    private static let conflict = "is changing this file. Try again when that process has ended."

    /// Writes `bytes` to a new file beside `path` with mode 0600. Returns the name of the file once it is on disk.
    static func write(
        _ bytes: [UInt8], beside path: String, subject: String
    ) throws(StoreError) -> String {
        let temporary = path + ".\(getpid()).\(UInt32.random(in: 0 ... .max)).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw unusable(subject, path, "cannot be made: \(reason(errno))")
        }
        defer { close(descriptor) }
        guard write(bytes, to: descriptor), fsync(descriptor) == 0 else {
            let number = errno
            unlink(temporary)
            throw unusable(subject, path, "cannot be written: \(reason(number))")
        }
        return temporary
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset))
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }

    /// Writes the directory of `path` to disk. Without this call, a power failure could undo the creation or the
    /// renaming of a file.
    static func syncDirectory(of path: String, subject: String) throws(StoreError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unusable(subject, directory, reason(errno)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw unusable(subject, directory, reason(errno)) }
    }
}
