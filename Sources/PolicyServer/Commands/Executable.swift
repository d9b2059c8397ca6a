import Foundation

/// Programs on PATH.
enum Executable {
    /// The path of `name`; nil when no folder of PATH has it.
    static func find(
        _ name: String, path: String? = ProcessInfo.processInfo.environment["PATH"]
    ) -> String? {
        (path ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
