import Foundation

/// A program that a test runs to its end, such as curl.
package struct TestCommand {
    /// Reports that a tool of a test, such as openssl, has failed.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// The exit status, or the signal that killed the program.
    package let status: Int32
    /// The standard output and the standard error, in one text.
    package let output: String

    /// Runs `name` from PATH. The standard input is empty. If the program is not installed, returns status 127.
    package static func run(_ name: String, _ arguments: [String]) async throws -> TestCommand {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("command-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        defer { try? output.close() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return TestCommand(
            status: status,
            output: String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }
}
