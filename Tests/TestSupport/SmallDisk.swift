package import Foundation

/// A file system in memory of a given size. It is mounted on a new directory until the last reference is released.
///
/// The type needs the right to mount: root, and in a container also CAP_SYS_ADMIN.
package final class SmallDisk: Sendable {
    private let directory: TemporaryDirectory
    package var path: String { directory.path }

    /// Mounts the file system. If this process has no right to mount, throws an error that names the required right.
    package init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        // By default all users may write to a tmpfs. The server refuses such a directory for a ledger.
        let options = "size=\(mebibytes)m,mode=0700"
        guard try Self.run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) == 0 else {
            throw MissingRight(
                "this test mounts a small tmpfs: run it as root (in a container: with CAP_SYS_ADMIN)"
            )
        }
    }

    // The lazy unmount (`-l`) works even if a failed test has left a ledger open.
    deinit { _ = try? Self.run("/bin/umount", ["-l", directory.path]) }

    /// Fills all free space. Returns the file that the caller must remove to free it.
    package func fill() throws -> URL {
        let ballast = URL(fileURLWithPath: path + "/ballast")
        _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
        let handle = try FileHandle(forWritingTo: ballast)
        defer { try? handle.close() }
        // The small blocks fill the space that is left after the large blocks.
        for size in [1 << 20, 1 << 12] {
            // The loop ends when the disk is full.
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

/// Makes files immutable. No process can write such a file, not even root or a process that has already opened the
/// file.
package enum ImmutableFile {
    /// Sets or clears the attribute (chattr(1)). If this is not possible, throws an error that names the required
    /// rights.
    package static func set(_ isImmutable: Bool, _ paths: [String]) throws {
        let arguments = [isImmutable ? "+i" : "-i"] + paths
        guard try SmallDisk.run("/usr/bin/chattr", arguments) == 0 else {
            throw MissingRight(
                "this test makes files immutable: run it as root, with a temporary directory on a file "
                    + "system that knows chattr +i (ext4, xfs, btrfs)")
        }
    }
}

/// An error that means that the tests lack a right. It says nothing about the program.
struct MissingRight: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
