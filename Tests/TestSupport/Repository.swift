import Foundation

/// The files of this package.
package enum Repository {
    /// The text of the file at `path`, which begins at the package's root.
    package static func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
