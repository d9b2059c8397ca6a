import CZlib

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads the lines of a file with or without gzip compression. Uses a limited amount of memory. Only one task
/// at a time may use it.
final class LineReader {
    /// The largest length of a line, in bytes. The largest row is much shorter: it has two versions of an object, each
    /// of at most 1.5 MiB.
    private static let maximumLine = 64 << 20

    private let path: String
    private let file: gzFile
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(path: String) throws(StoreError) {
        self.path = path
        var status = stat()
        // Refuses a folder, because zlib would open a folder and fail only when it reads the folder.
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw StoreError(
                code: .cannotOpen, message: "\(path): is a folder: name the segments in it.")
        }
        guard let file = gzopen(path, "rb") else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        // Sets a buffer of 128 KiB, which needs fewer reads of the file than zlib's default of 8 KiB.
        gzbuffer(file, 1 << 17)
        self.file = file
    }

    deinit { gzclose_r(file) }

    /// Returns the next line without its line feed; nil at the end. Throws `badSegment` if the file is
    /// incomplete.
    func next() throws(StoreError) -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            // Continues after the bytes that were already searched, so that a long line is searched only once.
            searched = buffer.count
            guard !isAtEnd else { break }
            let dropped = position
            try fill()
            searched -= dropped
        }
        guard position < buffer.count else { return nil }
        throw broken("its last line is incomplete")
    }

    private func fill() throws(StoreError) {
        buffer.removeFirst(position)
        position = 0
        guard buffer.count < Self.maximumLine else { throw broken("a line is too long") }
        let start = buffer.count
        let size = 1 << 16
        buffer.append(contentsOf: repeatElement(0, count: size))
        let count = buffer.withUnsafeMutableBytes { bytes in
            gzread(file, bytes.baseAddress?.advanced(by: start), UInt32(size))
        }
        buffer.removeLast(size - max(0, Int(count)))
        var code: Int32 = 0
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        // Checks zlib's error code too, because `gzread` succeeds at the end of an incomplete file.
        guard count >= 0, code == Z_OK || code == Z_STREAM_END else { throw broken(message) }
        isAtEnd = count == 0
    }

    private func broken(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): not a whole segment (\(reason)).")
    }
}
