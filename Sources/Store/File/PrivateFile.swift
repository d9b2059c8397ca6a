#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads files that hold secrets, and checks files and folders to which only their owner may have access.
package enum PrivateFile {
    /// The largest size of a file of keys, in bytes.
    package static let maximumBytes = 65_536

    /// The access that users other than the owner may have to a file.
    package enum Others: Sendable {
        case nothing
        /// Other users may read the file. Used for a file that holds no secret but decides about rights.
        case reading
    }

    /// Reads the whole file. `path` may be a symbolic link. Throws `unusableKey` if the file is missing, is not a
    /// plain file, belongs to a user other than this one or root, gives other users more access than `others`, or
    /// is larger than `maximumBytes`. The message never shows the content.
    ///
    /// - Parameter subject: The purpose of the file, for the message, such as `the signing key's file`.
    package static func read(
        _ path: String, subject: String, others: Others = .nothing,
        maximumBytes: Int = PrivateFile.maximumBytes
    ) throws(StoreError) -> [UInt8] {
        let descriptor = try openChecked(path, subject: subject, others: others)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count >= 0 else {
                throw unusable(subject, path, "cannot be read: \(reason(errno))")
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw unusable(subject, path, "is larger than \(maximumBytes) bytes")
            }
        }
    }

    /// Throws `unusableKey` if the file is missing, is not a plain file, belongs to a user other than this one or
    /// root, or gives other users access (see `permissions` for the exception).
    package static func check(_ path: String, subject: String) throws(StoreError) {
        close(try openChecked(path, subject: subject, others: .nothing))
    }

    /// Throws `cannotOpen` if the folder belongs to a user other than this one or root, or if other users have any
    /// permission for the folder. Does nothing if the folder does not exist.
    package static func checkFolder(_ path: String) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw StoreError(code: .cannotOpen, path: path, errno: errno)
            }
            return
        }
        if let problem = problem(status, path, allows: 0o700) {
            throw StoreError(
                code: .cannotOpen,
                message: "\(path) \(problem), so others can see or replace the files in it: "
                    + remedy(status, path, "700") + ".")
        }
    }

    /// Returns the problem with the owner or the mode of a file or folder; nil if there is none.
    ///
    /// - Parameter allows: The permissions that the file or folder may have.
    static func problem(_ status: stat, _ path: String, allows mode: mode_t) -> String? {
        // A file of root is accepted, because root can read and write every file.
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            return "belongs to another user (\(status.st_uid))"
        }
        // Only the permissions of the group and of others are checked.
        guard status.st_mode & 0o077 & ~mode == 0 else {
            return "has mode \(String(status.st_mode & 0o7777, radix: 8))"
        }
        return nil
    }

    /// Returns the shell command that corrects the owner or the mode of a file or folder.
    ///
    /// - Parameter mode: The mode as an argument of chmod.
    static func remedy(_ status: stat, _ path: String, _ mode: String) -> String {
        status.st_uid == geteuid() || status.st_uid == 0
            ? "chmod \(mode) \(path)" : "chown \(geteuid()) \(path)"
    }

    /// Returns the permissions that a secret file of `owner` may have if `user` reads it.
    ///
    /// The group may read a file that belongs to root, as in PostgreSQL's rule for its private key. This rule lets a
    /// service read files from systemd's `LoadCredential` and from Kubernetes' secrets.
    package static func permissions(owner: UInt32, user: UInt32) -> UInt32 {
        owner == 0 && user != 0 ? 0o640 : 0o600
    }

    private static func openChecked(
        _ path: String, subject: String, others: Others
    ) throws(StoreError) -> Int32 {
        // O_NONBLOCK and O_NOCTTY keep the call from waiting for the other end of a pipe or a terminal.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw unusable(subject, path, "cannot be read: \(reason(errno))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw unusable(subject, path, "is not a plain file")
        }
        let secret = permissions(owner: status.st_uid, user: geteuid())
        if let problem = problem(status, path, allows: others == .nothing ? secret : 0o644) {
            close(descriptor)
            throw unusable(
                subject, path,
                others == .nothing
                    ? "\(problem), so others can use the secret: \(remedy(status, path, "600")), "
                        + "and make a new secret if others may have read it"
                    : "\(problem), so others can change it: \(remedy(status, path, "go-w"))")
        }
        return descriptor
    }

    static func unusable(
        _ subject: String, _ path: String, _ problem: String
    ) -> StoreError {
        StoreError(code: .unusableKey, message: "\(subject) \(path) \(problem)")
    }

    static func reason(_ number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }
}
