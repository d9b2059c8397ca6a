import Foundation
import TestSupport

/// A file system in memory of a given size, mounted on a directory of its own until the last reference goes.
final class SmallDisk: Sendable {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    /// Whether this process may mount: root, outside a container that takes the right away.
    static let isPossible = (try? SmallDisk(mebibytes: 1)) != nil

    init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        let options = "size=\(mebibytes)m"
        try Self.run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory.path])
    }

    // Lazily: a ledger that a failed test left open does not keep the mount in the way.
    deinit { try? Self.run("/bin/umount", ["-l", directory.path]) }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.featureUnsupported) }
    }
}
