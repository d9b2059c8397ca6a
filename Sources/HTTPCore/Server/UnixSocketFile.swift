import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The file of a listening Unix domain socket.
struct UnixSocketFile: Sendable {
    let path: String
    private let identity: FileStamp.Identity

    /// The mode of the file. The owner and the group may read and write. On Linux, a client needs the right to write in
    /// order to connect.
    private static let mode: mode_t = 0o660

    /// Creates the file and binds a socket to it. The socket does not listen yet, so nobody can connect before the file
    /// has its mode.
    ///
    /// Replaces the file of a socket on which no process listens, because a killed process leaves its file behind.
    /// Throws EADDRINUSE if a process listens on the socket, and EEXIST if the file is not a socket.
    static func create(
        _ path: String
    ) throws -> (descriptor: NIOBSDSocket.Handle, file: UnixSocketFile) {
        let address = try socketAddress(path)
        return try withLockedFolder(of: path) {
            try removeStale(path, address)
            let descriptor = try makeSocket()
            do {
                try check(withPointer(to: address) { bind(descriptor, $0, $1) }, "bind")
                try check(chmod(path, mode), "chmod")
                guard let stamp = FileStamp(path) else {
                    throw IOError(errnoCode: ENOENT, reason: "bind")
                }
                return (descriptor, UnixSocketFile(path: path, identity: stamp.identity))
            } catch {
                close(descriptor)
                throw error
            }
        }
    }

    /// Removes the file, unless another server has replaced it.
    func remove() {
        try? Self.withLockedFolder(of: path) {
            guard FileStamp(path)?.identity == identity else { return }
            unlink(path)
        }
    }

    private static func removeStale(_ path: String, _ address: sockaddr_un) throws {
        guard let stamp = FileStamp(path) else { return }
        guard stamp.isSocket else {
            throw IOError(errnoCode: EEXIST, reason: "the file is not a socket")
        }
        let descriptor = try makeSocket()
        defer { close(descriptor) }
        let isConnected = withPointer(to: address) { connect(descriptor, $0, $1) } == 0
        // Only ECONNREFUSED shows that no process listens. EAGAIN means that a process listens and its backlog is full.
        guard !isConnected, errno == ECONNREFUSED else {
            let code = isConnected || errno == EAGAIN ? EADDRINUSE : errno
            throw IOError(errnoCode: code, reason: "connect")
        }
        try check(unlink(path), "unlink")
    }

    /// Runs `body` with a lock on the folder of `path`. Without the lock, two servers that start together could remove
    /// each other's file. Throws EWOULDBLOCK if the folder is still locked after about a second.
    private static func withLockedFolder<Result>(
        of path: String, _ body: () throws -> Result
    ) throws -> Result {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let folder = path[..<end].isEmpty ? "/" : String(path[..<end])
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(descriptor, "open")
        defer { close(descriptor) }
        var attempts = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            attempts += 1
            guard errno == EWOULDBLOCK, attempts < 100 else {
                throw IOError(errnoCode: errno, reason: "flock")
            }
            usleep(10_000)
        }
        return try body()
    }

    // MARK: - System calls

    private static func makeSocket() throws -> CInt {
        #if canImport(Glibc)
            let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        #elseif canImport(Musl)
            let type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(AF_UNIX, type, 0)
        try check(descriptor, "socket")
        return descriptor
    }

    private static func socketAddress(_ path: String) throws -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // The path must leave room for a zero byte at its end.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw IOError(errnoCode: ENAMETOOLONG, reason: "the path is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    private static func withPointer(
        to address: sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func check(_ result: CInt, _ call: String) throws {
        guard result < 0 else { return }
        throw IOError(errnoCode: errno, reason: call)
    }
}

/// The process that connected to a Unix domain socket, as Linux reports it for SO_PEERCRED (unix(7)). Linux reports
/// this process even if it has passed its end of the connection to another process.
struct PeerCredentials: Sendable {
    // The fields have the order and the sizes of `struct ucred`.
    let processID: Int32
    let userID: UInt32
    let groupID: UInt32

    static func read(_ provider: any SocketOptionProvider) -> EventLoopFuture<PeerCredentials> {
        provider.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel.socket,
            name: NIOBSDSocket.Option(rawValue: CInt(SO_PEERCRED)))
    }
}
