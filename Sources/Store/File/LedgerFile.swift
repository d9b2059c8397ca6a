#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The ledger's file and directory as seen by the operating system.
enum LedgerFile {
    /// The device and inode at a path. They are different after the file was moved, deleted or replaced.
    struct Identity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64

        /// Nil if the file does not exist.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }

    /// Returns the size of the file in bytes; 0 if it does not exist.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Creates the directory of `path` and its missing parent directories with mode 0700.
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

    /// Throws `cannotOpen` unless the directory of `path` belongs to this user or root and has mode 0700. In any other
    /// directory, other users could create another ledger or key, replace a file with a link, or read the ledger.
    static func checkDirectory(of path: String) throws(StoreError) {
        let slash = path.lastIndex(of: "/")
        try PrivateFile.checkFolder(
            slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
    }

    /// Returns `path` without symbolic links, so that all paths to a ledger lead to the same lock. Returns `path`
    /// unchanged if the file does not exist.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Creates the file with mode 0600 if it is missing. SQLite gives `-wal` and `-shm` the same mode.
    ///
    /// Throws `cannotOpen` if the file or one of SQLite's files beside it belongs to another user, or gives other
    /// users access. Also throws `cannotOpen` if the file has a second name, because SQLite would not find its log
    /// after opening the file by the other name (https://www.sqlite.org/howtocorrupt.html, section 2.5).
    static func createFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw unsafe(path, "is not a plain file.")
        }
        guard status.st_nlink == 1 else {
            throw unsafe(
                path,
                "has \(status.st_nlink) names (hard links), but a ledger must have only one: remove the others."
            )
        }
        try checkAccess(status, path)
        for suffix in ["-wal", "-shm", "-journal"] where lstat(path + suffix, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw unsafe(path + suffix, "is not a plain file.")
            }
            try checkAccess(status, path + suffix)
        }
    }

    private static func checkAccess(_ status: stat, _ path: String) throws(StoreError) {
        guard let problem = PrivateFile.problem(status, path, allows: 0o600) else { return }
        throw unsafe(
            path,
            "\(problem), so others can read or change the ledger: "
                + PrivateFile.remedy(status, path, "600") + ".")
    }

    private static func unsafe(_ path: String, _ problem: String) -> StoreError {
        StoreError(code: .cannotOpen, message: "\(path) \(problem)")
    }

    /// Throws `cannotOpen` unless `path` is a file that this user may read. The error names the cause, unlike SQLite's
    /// error "unable to open database file".
    static func checkReadable(_ path: String) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw StoreError(code: .cannotOpen, path: path, errno: errno)
            }
            throw StoreError(
                code: .cannotOpen,
                message: "\(path): there is no such file. \(StoreError.ledgerName)")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw StoreError(
                code: .cannotOpen,
                message: "\(path): is a folder, not a ledger's file. \(StoreError.ledgerName)")
        }
        guard access(path, R_OK) == 0 else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
    }

    /// Throws `notALedger` unless the file is empty or begins with the header of an SQLite file
    /// (https://www.sqlite.org/fileformat.html#the_database_header).
    ///
    /// Must be called before SQLite opens the file. This function opens the file and closes its descriptor, and
    /// closing any descriptor of the file drops SQLite's locks on the file.
    ///
    /// - Parameter advice: The advice in the error if the file is not an SQLite file.
    static func checkHeader(
        _ path: String, advice: String = StoreError.ledgerName
    ) throws(StoreError) {
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
                message: "\(path): not an SQLite file, so not an audit ledger. \(advice)")
        }
    }
}

/// Detects that the ledger's files were deleted or replaced while the server runs. Without this check, SQLite would
/// continue to write to a deleted file, and every new row would be lost when the process ends.
struct FileGuard: Sendable {
    private let path: String
    private let log: String
    private let expected: [LedgerFile.Identity?]

    /// Must be called after SQLite has opened `path`, because SQLite creates the `-wal` file only then.
    init(path: String) {
        self.path = path
        log = path + "-wal"
        expected = [path, log].map(LedgerFile.Identity.init(path:))
    }

    /// Throws `io` if a file is missing or was replaced.
    func check() throws(StoreError) {
        // Allocates no memory, because every write checks the files several times.
        guard
            LedgerFile.Identity(path: path) != expected[0]
                || LedgerFile.Identity(path: log) != expected[1]
        else { return }
        throw StoreError(
            code: .io,
            message: "\(path): the file or its -wal was moved, deleted or replaced while in use. "
                + "Put it back, or restart the server to use the file that is there now.")
    }
}
