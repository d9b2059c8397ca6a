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

    /// Bytes of the file; 0 when there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
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

    /// Throws `cannotOpen` when others may add, rename or replace files beside `path`: they could put
    /// another ledger or key there, or a link in the place of a file that is written. A sticky directory
    /// such as /tmp is refused too, since others can take a name in it beforehand.
    static func checkDirectory(of path: String) throws(StoreError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw StoreError(code: .cannotOpen, path: directory, errno: errno)
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw unsafe(directory, "belongs to another user (\(status.st_uid)): chown it.")
        }
        try checkMode(status, directory, "others can replace the files in it: chmod go-w it.")
    }

    /// Where the file of `path` really is, so that every name of a ledger leads to one lock.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes the file, 0600, if it is missing; SQLite gives `-wal` and `-shm` the same mode.
    ///
    /// Throws `cannotOpen` for a file that others may write, or that has a second name: the log that SQLite
    /// keeps beside one name is not seen under the other (https://www.sqlite.org/howtocorrupt.html, 2.5).
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
                "has \(status.st_nlink) names (hard links), and a ledger has one: remove the others."
            )
        }
        try checkMode(status, path, "others can change the ledger: chmod go-w it.")
    }

    private static func checkMode(
        _ status: stat, _ path: String, _ consequence: String
    ) throws(StoreError) {
        guard status.st_mode & 0o022 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw unsafe(path, "has mode \(mode), so \(consequence)")
        }
    }

    private static func unsafe(_ path: String, _ problem: String) -> StoreError {
        StoreError(code: .cannotOpen, message: "\(path) \(problem)")
    }

    /// Throws `cannotOpen` unless there is a file at `path` that this user may read: SQLite itself would speak
    /// of something else.
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

    /// Throws `notALedger` unless the file is empty or begins as SQLite's do
    /// (https://www.sqlite.org/fileformat.html#the_database_header).
    ///
    /// To be called before SQLite opens the file: closing the descriptor drops SQLite's locks on it.
    ///
    /// - Parameter advice: what to do if it is not an SQLite file.
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

/// Notices that the ledger's files were deleted or replaced under the running server. SQLite would go on
/// writing to a file without a name, and every row would be lost with the process.
struct FileGuard: Sendable {
    private let path: String
    private let expected: [LedgerFile.Identity?]

    /// To be made once SQLite has opened `path`.
    init(path: String) {
        self.path = path
        expected = Self.identities(path)
    }

    /// Throws `io` when a file is gone or is another one.
    func check() throws(StoreError) {
        guard Self.identities(path) != expected else { return }
        throw StoreError(
            code: .io,
            message: "\(path): the file or its -wal was moved, deleted or replaced while in use. "
                + "Put it back, or restart the server to begin from what is there.")
    }

    private static func identities(_ path: String) -> [LedgerFile.Identity?] {
        [path, path + "-wal"].map(LedgerFile.Identity.init(path:))
    }
}
