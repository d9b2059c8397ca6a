#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files of a TLS listener.
package struct TLSFiles: Sendable {
    /// The setting that names a file.
    package enum Part: Sendable {
        case certificate
        case key
        case clientAuthority
        case revocations
    }

    /// The rule for certificates of clients.
    package enum ClientCertificates: String, Sendable {
        /// The server does not ask the client for a certificate.
        case none
        /// A client may connect without a certificate. A certificate that the client sends must be valid.
        case optional
        /// A client without a valid certificate is disconnected.
        case required
    }

    /// The PEM file of the server's certificate, followed by its intermediate authorities.
    package var certificate: String
    /// The PEM file of the private key of the server's certificate, without a passphrase.
    package var key: String
    package var clientCertificates = ClientCertificates.none
    /// The PEM file of the authorities that sign the certificates of clients.
    package var clientAuthority: String?
    /// The PEM file of the certificate revocation lists of the authorities in `clientAuthority`.
    package var revocations: String?
    /// A closure that reads a file with a secret. It throws if other users can read the file.
    package var readPrivate: @Sendable (_ path: String) throws -> [UInt8]

    package init(
        certificate: String, key: String,
        readPrivate: @escaping @Sendable (_ path: String) throws -> [UInt8]
    ) {
        self.certificate = certificate
        self.key = key
        self.readPrivate = readPrivate
    }

    /// The maximum size of a file in bytes. The limit leaves room for the revocation lists of large authorities, which
    /// are the largest files.
    static let maximumBytes = 32 << 20

    /// Reads the file at `path`, which must not be secret. `part` is the setting to name in an error.
    static func read(_ path: String, _ part: Part) throws(TLSFileError) -> [UInt8] {
        // O_NONBLOCK keeps `open` from waiting for a writer if the file is a pipe.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw TLSFileError(part, path, "cannot be read: \(reason())") }
        defer { close(descriptor) }
        guard FileStamp.following(path)?.isPlainFile == true else {
            throw TLSFileError(part, path, "is not a plain file")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count >= 0 else { throw TLSFileError(part, path, "cannot be read: \(reason())") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw TLSFileError(part, path, "is larger than \(maximumBytes) bytes")
            }
        }
    }

    private static func reason() -> String {
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }

    /// The identity and the age of every file. If two reads of this property return the same value, no file has changed
    /// between the two reads.
    var stamp: [FileStamp?] {
        [certificate, key, clientAuthority, revocations].map { $0.flatMap(FileStamp.following) }
    }
}

/// The error that is thrown if a file of a TLS listener cannot be used. The text of the error never shows the content
/// of the file.
package struct TLSFileError: Error, CustomStringConvertible {
    package let part: TLSFiles.Part
    package let description: String

    init(_ part: TLSFiles.Part, _ path: String, _ problem: String) {
        self.part = part
        description = "the file \(path) \(problem)"
    }

    /// Creates an error with the text of `error`, which must name the file.
    init(_ part: TLSFiles.Part, _ error: any Error) {
        self.part = part
        description = "\(error)"
    }
}
