import Foundation
import TestSupport

/// Runs commands in bash, like an administrator.
enum Shell {
    static func run(
        _ command: String, _ environment: [String: String], in folder: TemporaryDirectory
    ) async throws -> (status: Int32, output: String) {
        let output = folder.file("output")
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        return (
            process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8)
        )
    }
}
