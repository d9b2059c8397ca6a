package import Foundation

/// Damages an SQLite file by overwriting pages without SQLite.
package enum DamagedFile {
    /// An offset in the file, and the original bytes at this offset.
    package typealias Original = (offset: UInt64, bytes: Data)

    private static let pageSize: UInt64 = 4096

    /// Overwrites the beginning of every page in the middle third of the file. Returns the original bytes.
    @discardableResult
    package static func overwritePages(_ path: String) throws -> [Original] {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let pages = try handle.seekToEnd() / pageSize
        return try (pages / 3..<2 * pages / 3).map { page in
            let offset = page * pageSize
            try handle.seek(toOffset: offset)
            let bytes = try handle.read(upToCount: 512) ?? Data()
            try write(Data(repeating: 0xA5, count: bytes.count), at: offset, to: handle)
            return (offset, bytes)
        }
    }

    /// Restores the original bytes that `overwritePages` returned.
    package static func restore(_ originals: [Original], in path: String) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        for (offset, bytes) in originals { try write(bytes, at: offset, to: handle) }
    }

    private static func write(_ bytes: Data, at offset: UInt64, to handle: FileHandle) throws {
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: bytes)
    }
}
