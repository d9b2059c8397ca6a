import CZlib
import Crypto
import Domain
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A new file that gets its final name only after it is complete and on disk.
struct SegmentFile {
    let path: String
    private let temporary: String
    private let writer: LineWriter
    private let descriptor: Int32

    /// Creates the file under a temporary name with mode 0600. Compresses the content if `path` ends in `.gz`.
    /// Throws `cannotOpen` if a file at `path` exists.
    init(path: String) throws(StoreError) {
        self.path = path
        temporary = NewFile.temporary(path)
        descriptor = try NewFile.create(temporary, for: path)
        // Gives the writer a duplicate of `descriptor`. The writer closes the duplicate, and `descriptor` stays open
        // for `finish`.
        let second = dup(descriptor)
        guard second >= 0 else { throw StoreError(code: .io, path: path, errno: errno) }
        writer = try LineWriter(
            descriptor: second, path: path, compressed: path.hasSuffix(".gz"))
    }

    func write(_ line: [UInt8]) throws(StoreError) { try writer.write(line) }

    /// Writes the file to disk, and then renames it to its final name.
    func finish() throws(StoreError) {
        try writer.finish()
        let isSynced = fsync(descriptor) == 0
        let number = errno
        close(descriptor)
        guard isSynced else { throw StoreError(code: .io, path: path, errno: number) }
        try NewFile.publish(temporary, as: path)
    }

    /// Removes the incomplete file.
    func abandon() {
        try? writer.finish()
        close(descriptor)
        unlink(temporary)
    }
}

/// Creates files under a temporary name, and renames them when they are complete.
enum NewFile {
    /// Returns a temporary name that other users cannot guess, so that they cannot create a file of this name in
    /// advance.
    static func temporary(_ path: String) -> String {
        "\(path).partial-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }

    /// Creates `temporary` with mode 0600. Throws `cannotOpen` if a file at `path` exists.
    static func create(_ temporary: String, for path: String) throws(StoreError) -> Int32 {
        guard access(path, F_OK) != 0 else {
            throw StoreError(
                code: .cannotOpen,
                message: "\(path): this file or folder already exists; name a new file.")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, F_OK) == 0 || errno != ENOENT else {
            throw StoreError(
                code: .cannotOpen,
                message: "\(path): the folder \(folder) does not exist: make it, or name another.",
                systemCode: ENOENT)
        }
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        // Sets the mode again, because the umask may have removed permissions of the owner.
        _ = fchmod(descriptor, 0o600)
        return descriptor
    }

    /// Renames `temporary`, whose content must be on disk, to `path`. Writes the new name to disk too.
    static func publish(_ temporary: String, as path: String) throws(StoreError) {
        guard rename(temporary, path) == 0 else {
            throw StoreError(code: .io, path: path, errno: errno)
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[...$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(code: .io, path: directory, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreError(code: .io, path: directory, errno: errno)
        }
    }

    /// Returns the SHA-256 of the file, 64 lower-case hex digits.
    static func sha256(_ path: String) throws(StoreError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(code: .io, path: path, errno: errno) }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw StoreError(code: .io, path: path, errno: errno) }
            if count == 0 { break }
            hash.update(data: buffer[..<count])
        }
        return AuditHash(hash.finalize())?.description ?? ""
    }
}

/// Writes lines to a file descriptor, with or without gzip compression (RFC 1952). Only one task at a time may
/// use it.
final class LineWriter {
    private let path: String
    private var file: gzFile?

    /// Takes ownership of `descriptor`, and closes it at the latest when the writer is deallocated.
    init(descriptor: Int32, path: String, compressed: Bool) throws(StoreError) {
        self.path = path
        // Mode "T" writes without compression.
        guard let file = gzdopen(descriptor, compressed ? "wb6" : "wbT") else {
            _ = close(descriptor)
            throw StoreError(code: .io, path: path, errno: errno)
        }
        gzbuffer(file, 1 << 17)
        self.file = file
    }

    deinit { if let file { gzclose_w(file) } }

    /// Appends `line` and a line feed.
    func write(_ line: [UInt8]) throws(StoreError) {
        var line = line
        line.append(UInt8(ascii: "\n"))
        guard gzwrite(file, line, UInt32(line.count)) == Int32(line.count) else { throw failure }
    }

    /// Writes the buffered bytes and closes the descriptor.
    func finish() throws(StoreError) {
        guard let file else { return }
        self.file = nil
        // Clears an old `errno`, because zlib sets it only for errors of the operating system.
        errno = 0
        guard gzclose_w(file) == Z_OK else { throw failure }
    }

    private var failure: StoreError {
        StoreError(code: .io, path: path, errno: errno == 0 ? EIO : errno)
    }
}
