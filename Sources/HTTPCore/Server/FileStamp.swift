#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The identity, the kind, the mode and the age of a file. A new file, a write in place, and a change of the mode or
/// the owner all change the stamp.
package struct FileStamp: Hashable, Sendable {
    /// The device of a file, and the number (inode) of the file on this device.
    struct Identity: Hashable, Sendable {
        fileprivate var device: UInt64
        fileprivate var number: UInt64
    }

    let identity: Identity
    private let mode: UInt32
    private let size: Int64
    /// The time of the last change of the content (mtime), and the time of the last change of the content or the
    /// properties (ctime). Each time has two elements: seconds and nanoseconds.
    private let times: [Int]

    /// Creates the stamp of the file at `path`. Returns nil if there is no file. Does not follow a symbolic link.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Returns the stamp of the file at `path`; nil if there is no file. Follows symbolic links.
    package static func following(_ path: String) -> FileStamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStamp(status)
    }

    private init(_ status: stat) {
        #if canImport(Darwin)
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        mode = UInt32(status.st_mode)
        size = Int64(status.st_size)
        times = [modified.tv_sec, modified.tv_nsec, changed.tv_sec, changed.tv_nsec].map { Int($0) }
    }

    var isPlainFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }

    var isSocket: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFSOCK) }

    /// The stamp; nil if the file changed within about the last two seconds. A second change within the same tick of
    /// the kernel's clock gets the same time, so it might not change the stamp.
    package var settled: FileStamp? { time(nil) - times[2] > 1 ? self : nil }
}
