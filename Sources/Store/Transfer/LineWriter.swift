import CZlib
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes lines to a file descriptor, compressed with gzip (RFC 1952) or as they are. For one task at a time.
final class LineWriter {
    private let path: String
    private var file: gzFile?

    /// Takes over `descriptor`, which is closed with the writer.
    init(descriptor: Int32, path: String, compressed: Bool) throws(StoreError) {
        self.path = path
        // "T" writes without compression, through the same functions.
        guard let file = gzdopen(descriptor, compressed ? "wb6" : "wbT") else {
            _ = close(descriptor)
            throw StoreError(code: .io, path: path, errno: errno)
        }
        gzbuffer(file, 1 << 17)
        self.file = file
    }

    deinit { if let file { gzclose_w(file) } }

    /// Appends `line` and a line feed.
    func write(_ line: [UInt8]) throws(StoreError) {
        var line = line
        line.append(UInt8(ascii: "\n"))
        guard gzwrite(file, line, UInt32(line.count)) == Int32(line.count) else { throw failure }
    }

    /// Writes what is still in memory and closes the descriptor.
    func finish() throws(StoreError) {
        guard let file else { return }
        self.file = nil
        errno = 0
        guard gzclose_w(file) == Z_OK else { throw failure }
    }

    private var failure: StoreError {
        StoreError(code: .io, path: path, errno: errno == 0 ? EIO : errno)
    }
}
