import Foundation

/// The reason why etcd or one of its tools failed in a test.
package struct EtcdProcessError: Error, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// An external command that tests run. The command is found on PATH.
struct EtcdCommand {
    var executable: URL
    var arguments: [String]
    var environment: [String: String] = [:]

    /// Finds the command. If the command is not installed, throws an error that names the Debian package to
    /// install.
    init(_ name: String, _ arguments: [String], package debianPackage: String) throws {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let candidates = path.split(separator: ":").map { "\($0)/\(name)" }
        guard let found = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw EtcdProcessError(
                "\(name) is not on PATH; install the package \(debianPackage) to run this test")
        }
        self.executable = URL(fileURLWithPath: found)
        self.arguments = arguments
    }

    /// Returns a process for the command without starting it. The process will write its output to `log`.
    func process(log: FileHandle?) -> Process {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("ETCD") }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = log ?? FileHandle.nullDevice
        process.standardError = log ?? FileHandle.nullDevice
        return process
    }

    /// Runs the command to its end and returns the output. Throws if the exit status is not 0.
    @discardableResult
    func run() async throws -> String {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("command-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = process(log: try FileHandle(forWritingTo: file))
        let status = try await process.runToEnd()
        let output = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        guard status == 0 else {
            throw EtcdProcessError("\(executable.lastPathComponent) \(arguments) failed: \(output)")
        }
        return output
    }
}

extension Process {
    /// Starts the process and waits for its exit status.
    fileprivate func runToEnd() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
