package import Foundation

/// A file system in memory of a given size, mounted on a new directory until the last reference is released.
///
/// Needs the right to mount: root, in a container that has CAP_SYS_ADMIN.
package final class SmallDisk: Sendable {
    private let directory: TemporaryDirectory
    package var path: String { directory.path }

    /// Throws saying what is needed where this process may not mount.
    package init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        // A tmpfs is open to all unless told otherwise, and no place for a ledger then.
        let options = "size=\(mebibytes)m,mode=0700"
        guard try Self.run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) == 0 else {
            throw MissingRight(
                "this test mounts a small tmpfs: run it as root (in a container: with CAP_SYS_ADMIN)"
            )
        }
    }

    // Lazily: a ledger that a failed test left open does not keep the mount in the way.
    deinit { _ = try? Self.run("/bin/umount", ["-l", directory.path]) }

    /// Takes all the space there is; returns the file to remove.
    package func fill() throws -> URL {
        let ballast = URL(fileURLWithPath: path + "/ballast")
        _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
        let handle = try FileHandle(forWritingTo: ballast)
        defer { try? handle.close() }
        for size in [1 << 20, 1 << 12] {
            // Until the disk takes no more.
            while (try? handle.write(contentsOf: Data(count: size))) != nil {}
        }
        return ballast
    }

    fileprivate static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// Files that no process can write, not even as root or through open descriptors.
package enum ImmutableFile {
    /// Sets or clears the attribute (chattr(1)); throws saying what is needed where that is not possible.
    package static func set(_ isImmutable: Bool, _ paths: [String]) throws {
        let arguments = [isImmutable ? "+i" : "-i"] + paths
        guard try SmallDisk.run("/usr/bin/chattr", arguments) == 0 else {
            throw MissingRight(
                "this test makes files immutable: run it as root, with a temporary directory on a file "
                    + "system that knows chattr +i (ext4, xfs, btrfs)")
        }
    }
}

/// The tests lack a right, which is no verdict on the program.
struct MissingRight: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
