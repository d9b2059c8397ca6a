import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The identity, the kind and the age of a file. The stamp changes if the file is replaced or written in place.
struct FileStamp: Hashable, Sendable {
    let isPlainFile: Bool
    let isSocket: Bool
    /// The number of the device, and the number of the file on that device.
    let identity: [String]
    private let size: String
    private let modified: Date?

    /// Creates the stamp of the file at `path`. Returns nil if there is no file. Does not follow a symbolic link.
    init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return nil
        }
        let type = attributes[.type] as? FileAttributeType
        isPlainFile = type == .typeRegular
        isSocket = type == .typeSocket
        // Stores the numbers as texts, because their types differ between versions of Foundation.
        identity = [FileAttributeKey.systemNumber, .systemFileNumber].map {
            attributes[$0].map { "\($0)" } ?? ""
        }
        size = attributes[.size].map { "\($0)" } ?? ""
        modified = attributes[.modificationDate] as? Date
    }

    /// Returns the stamp of the file at `path`, after following symbolic links; nil if there is no file.
    static func following(_ path: String) -> FileStamp? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return FileStamp(String(cString: resolved))
    }
}
