#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads files that hold secrets. Only their owner may have access to them.
package enum PrivateFile {
    /// The largest size of a file of keys, in bytes.
    package static let maximumBytes = 65_536

    /// The access to a file that users other than its owner may have.
    package enum Others: Sendable {
        case nothing
        /// The file holds no secret, but decides about rights.
        case reading
    }

    /// Reads the whole file. `path` may be a symbolic link. Throws `unusableKey` if the file is missing, is not
    /// a plain file, belongs to a user other than this one or root, gives other users more access than `others`,
    /// or is larger than `maximumBytes`. The message never shows the content.
    ///
    /// - Parameter subject: The name of the file's purpose for the message, such as `the signing key's file`.
    package static func read(
        _ path: String, subject: String, others: Others = .nothing,
        maximumBytes: Int = PrivateFile.maximumBytes
    ) throws(StoreError) -> [UInt8] {
        func unusable(_ problem: String) -> StoreError {
            StoreError(code: .unusableKey, message: "\(subject) \(path) \(problem)")
        }
        // Without these flags, opening a pipe or a terminal would wait for its other end.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw unusable("cannot be read: \(reason(errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unusable("is not a plain file")
        }
        // A file that belongs to root is accepted, because root can read and write every file anyway.
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw unusable("belongs to another user (\(status.st_uid)): chown it")
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        guard others == .nothing || status.st_mode & 0o022 == 0 else {
            throw unusable("has mode \(mode), so others can change it: chmod go-w it")
        }
        guard others == .reading || status.st_mode & 0o077 == 0 else {
            throw unusable(
                "has mode \(mode), so others can use the key: chmod 600 it, "
                    + "and make a new key if they may have")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count >= 0 else { throw unusable("cannot be read: \(reason(errno))") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw unusable("is larger than \(maximumBytes) bytes")
            }
        }
    }

    static func reason(_ number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }
}
