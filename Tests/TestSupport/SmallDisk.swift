package import Foundation

/// A file system in memory with a given size, mounted on a new directory. The file system is unmounted when the last
/// reference to this object is released.
///
/// The test process must have the right to mount: it must run as root, and in a container also with CAP_SYS_ADMIN.
package final class SmallDisk: Sendable {
    private let directory: TemporaryDirectory
    package var path: String { directory.path }

    /// Mounts the file system. If this process has no right to mount, throws an error that names the required right.
    package init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        // Sets mode 0700, because all users may write to a tmpfs by default, and the server refuses such a
        // directory for a ledger.
        let options = "size=\(mebibytes)m,mode=0700"
        guard try Self.run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) == 0 else {
            throw MissingRight(
                "this test mounts a small tmpfs: run it as root (in a container: with CAP_SYS_ADMIN)"
            )
        }
    }

    // Unmounts with `-l` (lazy), which works even if a failed test has left a ledger open.
    deinit { _ = try? Self.run("/bin/umount", ["-l", directory.path]) }

    /// Fills all free space with a file. Returns this file, which the caller must remove to free the space.
    package func fill() throws -> URL {
        let ballast = URL(fileURLWithPath: path + "/ballast")
        _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
        let handle = try FileHandle(forWritingTo: ballast)
        defer { try? handle.close() }
        // Writes large blocks first, and then small blocks into the rest of the space.
        for size in [1 << 20, 1 << 12] {
            // This loop ends when a write fails because the disk is full.
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

/// Makes files immutable. No process can write an immutable file, not even a process of root or a process that
/// opened the file before.
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

/// Reports that the test process lacks a right. This error does not mean that the tested program is wrong.
struct MissingRight: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
