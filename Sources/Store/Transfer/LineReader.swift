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
    /// The longest line, in bytes. This is far more than the largest row, which holds an object of at most 1.5
    /// MiB twice.
    private static let maximumLine = 64 << 20

    private let path: String
    private let file: gzFile
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(path: String) throws(StoreError) {
        self.path = path
        var status = stat()
        // zlib can open a folder and fails only when it reads.
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw StoreError(
                code: .cannotOpen, message: "\(path): is a folder: name the segments in it.")
        }
        guard let file = gzopen(path, "rb") else {
            throw StoreError(code: .cannotOpen, path: path, errno: errno)
        }
        // zlib's default buffer has 8 KiB. A larger one needs fewer reads of the file.
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
            // The bytes before `searched` have no line feed. So a long line is searched only once.
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
        // At the end of an incomplete file, the read succeeds, and only zlib's error code shows the fault.
        guard count >= 0, code == Z_OK || code == Z_STREAM_END else { throw broken(message) }
        isAtEnd = count == 0
    }

    private func broken(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): not a whole segment (\(reason)).")
    }
}
