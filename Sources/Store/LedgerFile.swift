#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The ledger's file and directory as the operating system sees them.
enum LedgerFile {
    /// Which file a path names; another one after the file was moved, deleted or replaced.
    struct Identity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64

        /// Nil when there is no such file.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }

    /// Makes the directory of `path`, 0700, and those above it where they are missing.
    static func createDirectory(of path: String) throws(StoreError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        var status = stat()
        if stat(directory, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw StoreError(code: .cannotOpen, path: directory, errno: ENOTDIR)
            }
            return
        }
        try createDirectory(of: directory)
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw StoreError(code: .cannotOpen, path: directory, errno: errno)
        }
    }

    /// Makes the file, 0600, if it is missing; SQLite gives `-wal` and `-shm` the same mode.
    static func createFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        close(descriptor)
    }

    /// Throws `notALedger` unless the file is empty or begins as SQLite's do
    /// (https://www.sqlite.org/fileformat.html#the_database_header).
    ///
    /// To be called before SQLite opens the file: closing the descriptor drops SQLite's locks on it.
    static func checkHeader(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &header, header.count)
        guard count >= 0 else { throw StoreError(code: .io, path: path, errno: errno) }
        guard count == 0 || header == Array("SQLite format 3\0".utf8) else {
            throw StoreError(
                code: .notALedger,
                message: "\(path): not an SQLite file. "
                    + "Move it away, or give this server another data directory.")
        }
    }
}

extension StoreError {
    init(code: Code, path: String, errno number: Int32) {
        let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        let code = number == ENOSPC ? .diskFull : number == EROFS ? .readOnly : code
        self.init(
            code: code,
            message: "\(path): \(text). Check the data directory, its owner and its mode.",
            systemCode: number)
    }
}
