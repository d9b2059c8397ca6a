import Foundation

/// A temporary directory for one test, with mode 0700. The directory is removed with its contents when the last
/// reference to this object is released.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        // Gives new files no permissions for other users, as the server does at its start. The server refuses files
        // that other users can read.
        umask(0o077)
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("policy-server-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Returns the path of `name` in the directory.
    package func file(_ name: String) -> String { path + "/" + name }
}
