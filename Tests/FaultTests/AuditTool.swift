import Foundation
import TestSupport

/// The result of one run of `policy-server audit …`.
struct AuditTool: Sendable {
    var status: Int32
    /// The text on standard output and standard error.
    var output: String

    init(_ arguments: String...) async throws { try await self.init(arguments) }

    init(_ arguments: [String]) async throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("audit-tool-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let handle = try FileHandle(forWritingTo: file)
        let process = Process()
        process.executableURL = try ServerExecutable.locate()
        process.arguments = ["audit"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        status = process.terminationStatus
        output = try String(contentsOf: file, encoding: .utf8)
    }
}
